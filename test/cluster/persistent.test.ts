import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { freePorts } from '../../src/target/ports.ts';
import { kubectl, noCluster, ownAddress, renderInto, rolledOut, uniqueName } from '../fixtures/cluster.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';
import { makeVolumes } from '../fixtures/volumes.ts';

describe.skipIf(noCluster !== undefined)(
  `persistent queues on a cluster (${noCluster ?? 'there is one'})`,
  () => {
    const namespace = uniqueName('squall-persistent');
    const folder = mkdtempSync(join(tmpdir(), 'squall-persistent-'));
    const get = (args: string[]) => kubectl(['-n', namespace, ...args]);
    let removeVolumes = async () => {};
    let port = 0;

    beforeAll(async () => {
      port = (await freePorts(1))[0] ?? 0;
      await kubectl(['create', 'namespace', namespace]);
      await kubectl(['label', 'namespace', namespace, 'squall.dev/chaos=allowed']);
      removeVolumes = await makeVolumes(
        namespace,
        [0, 1, 2].map((index) => `data-gateway-persistent-${index}`),
      );
      const small = `configMapGenerator:
  - {name: gateway-persistent-environment, behavior: merge, literals: ["BACKEND_GRPC=${await ownAddress()}:${port}"]}
patches:
  - target: {kind: StatefulSet}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 512Mi}}}
`;
      await kubectl(['apply', '-f', '-'], await renderInto(namespace, ['bases/persistent'], small));
      await rolledOut(namespace, 'statefulset/gateway-persistent');
    });

    afterAll(async () => {
      await get(['delete', 'statefulset', '--all']);
      await removeVolumes();
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      rmSync(folder, { recursive: true });
    });

    test('a pod that is killed with a full queue loses nothing: the next one of its name hands it on', async () => {
      const { dir, env } = makePlace();
      const context = (await kubectl(['config', 'current-context'])).trim();
      const file = join(folder, 'scenario.yaml');
      const scenario = {
        apiVersion: 'squall/v1',
        name: 'persistent',
        target: {
          kubernetes: {
            context,
            kubeconfig: process.env.SQUALL_KUBECONFIG,
            namespaces: [namespace],
            members: {
              gateway: { workload: 'statefulset/gateway-persistent', otlp: 'service/gateway-persistent' },
            },
            sink: { in: 'runner', grpc: `0.0.0.0:${port}` },
          },
        },
        limits: { itemsPerS: 2000, items: 1e6 },
        load: {
          spans: {
            signal: 'traces',
            executor: 'constant-arrival-rate',
            rate: 2000,
            duration: '12s',
            batch: 20,
            connections: 12,
          },
        },
        faults: [
          {
            name: 'outage',
            kind: 'backend-outage',
            at: '3s',
            duration: '5s',
            action: 'grpc-status',
            grpcStatus: 'UNAVAILABLE',
          },
          { name: 'kill', kind: 'pod-kill', at: '6s', selector: { member: 'gateway' }, gracePeriod: '0s' },
        ],
        slos: [{ measure: 'items_lost', thresholds: ['count==0'] }],
        settle: '90s',
      };
      writeFileSync(file, stringify(scenario));
      const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env });
      const { faults, ledger } = readReportJson(join(dir, 'out'));
      expect(faults.find(({ name }) => name === 'kill')?.verified, stderr).toBe(true);
      expect(ledger.traces?.acknowledged).toBeGreaterThan(0);
      expect(ledger.traces, stderr).toMatchObject({ lost: 0, pending: 0 });
      // Unknown where this machine was too slow to offer what was due; a loss would be a fail in any case.
      expect([0, 2]).toContain(code);
    });
  },
);
