import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { freePorts } from '../../src/target/ports.ts';
import { kubectl, noCluster, ownAddress, renderInto, uniqueName } from '../fixtures/cluster.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

/** For folders of a node; any image with a shell will do. */
const shell = 'debian:bookworm-slim';

describe.skipIf(noCluster !== undefined)(
  `persistent queues on a cluster (${noCluster ?? 'there is one'})`,
  () => {
    const namespace = uniqueName('squall-persistent');
    const folder = mkdtempSync(join(tmpdir(), 'squall-persistent-'));
    const get = (args: string[]) => kubectl(['-n', namespace, ...args]);
    const volumes: { name: string; node: string }[] = [];
    let port = 0;

    beforeAll(async () => {
      port = (await freePorts(1))[0] ?? 0;
      await kubectl(['create', 'namespace', namespace]);
      await kubectl(['label', 'namespace', namespace, 'squall.dev/chaos=allowed']);
      const classes = await kubectl(['get', 'storageclass', '-o', 'name']);
      if (classes === '') await makeVolumes();
      const small = `configMapGenerator:
  - {name: gateway-persistent-environment, behavior: merge, literals: ["BACKEND_GRPC=${await ownAddress()}:${port}"]}
patches:
  - target: {kind: StatefulSet}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 512Mi}}}
`;
      await kubectl(['apply', '-f', '-'], await renderInto(namespace, ['bases/persistent'], small));
      await get(['rollout', 'status', 'statefulset/gateway-persistent', '--timeout=120s']);
    });

    afterAll(async () => {
      await get(['delete', 'statefulset', '--all']);
      if (volumes.length > 0) await removeVolumes();
      await kubectl(['delete', 'namespace', namespace, '--wait=false']);
      rmSync(folder, { recursive: true });
    });

    /** Where nothing provisions volumes: a folder of a node for each pod. */
    const makeVolumes = async () => {
      const nodes = (await kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'])).split(' ');
      for (const index of [0, 1, 2]) {
        const name = `${namespace}-${index}`;
        const node = nodes[index % nodes.length] ?? '';
        volumes.push({ name, node });
        await kubectl(['apply', '-f', '-'], stringify(volume({ name, node, path: `/tmp/${name}` })));
      }
      await onNodes((name) => `mkdir -p /node/${name} && chmod 777 /node/${name}`);
    };
    const removeVolumes = async () => {
      await onNodes((name) => `rm -r /node/${name}`);
      await kubectl(['delete', 'pv', '--wait=false', ...volumes.map(({ name }) => name)]);
    };
    /** Runs a line in a pod of each volume's node, whose /tmp it sees as /node. */
    const onNodes = async (line: (name: string) => string) => {
      for (const { name, node } of volumes) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, namespace },
          spec: {
            nodeName: node,
            restartPolicy: 'Never',
            containers: [
              {
                name: 'line',
                image: shell,
                imagePullPolicy: 'IfNotPresent',
                command: ['sh', '-c', line(name)],
                volumeMounts: [{ name: 'node', mountPath: '/node' }],
              },
            ],
            volumes: [{ name: 'node', hostPath: { path: '/tmp' } }],
          },
        };
        await kubectl(['apply', '-f', '-'], stringify(pod));
      }
      for (const { name } of volumes) {
        await get(['wait', `pod/${name}`, '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s']);
        await get(['delete', 'pod', name]);
      }
    };
    const volume = ({ name, node, path }: { name: string; node: string; path: string }) => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '2Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { namespace, name: `data-gateway-persistent-${name.at(-1)}` },
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
            ],
          },
        },
      },
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
