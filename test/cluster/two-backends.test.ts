import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Report } from '../../src/report/types.ts';
import { freePorts } from '../../src/target/ports.ts';
import { noCluster, ownAddress, renderInto, rolledOut, uniqueName } from '../fixtures/cluster.ts';
import { type ClusterPlace, openPlace } from '../fixtures/cluster-place.ts';
import { makePlace, prometheus, readReportJson, squall } from '../fixtures/squall.ts';
import { makeVolumes } from '../fixtures/volumes.ts';

/** Batches of 20: the ids of a request are known, so that every span can be asked for. */
const load = {
  signal: 'traces',
  executor: 'constant-arrival-rate',
  rate: 200,
  batch: 20,
  connections: 2,
};

/** Without its program no run can start one. */
const skipOwn = prometheus === undefined;

/** As told by the collector's own counters, through the API server by the one Role of the account. */
function expectCounted(report: Report, stderr: string): void {
  const { counters, ledger, timeline, slos } = report;
  // The canary is an item to the collector, scraped before t = 0 or after it.
  const strangers = (counters.accepted ?? Number.NaN) - (ledger.traces?.offered ?? Number.NaN);
  expect([0, 1], stderr).toContain(strangers);
  expect(timeline.series.some(({ name }) => name.startsWith('queue size gateway-'))).toBe(true);
  // Not known where a busy machine was late with a scrape.
  expect([1, null]).toContain(slos.find(({ name }) => name === 'pods')?.actual);
}

/** One gateway with two exporters, squall's sink and a Jaeger that keeps its spans on a volume. */
describe.skipIf(noCluster !== undefined)(`two backends on a cluster (${noCluster ?? 'there is one'})`, () => {
  let place: ClusterPlace;
  let removeVolumes = async () => {};
  let port = 0;

  beforeAll(async () => {
    port = (await freePorts(1))[0] ?? 0;
    place = await openPlace('squall-two');
    removeVolumes = await makeVolumes(place.namespace, ['data-jaeger-0']);
    await deploy({ requests: 20_000, blocks: false });
  });
  afterAll(async () => {
    await place.get(['delete', 'statefulset', '--all', '--cascade=foreground']);
    await removeVolumes();
    await place.remove();
  });

  const deploy = async (queue: { requests: number; blocks: boolean }) => {
    const more = `configMapGenerator:
  - name: gateway-environment
    behavior: merge
    literals:
      - BACKEND_GRPC=${await ownAddress()}:${port}
      - JAEGER_GRPC=jaeger.${place.namespace}.svc.cluster.local:4317
      - JAEGER_QUEUE_REQUESTS=${queue.requests}
      - JAEGER_QUEUE_BLOCKS=${queue.blocks}
patches:
  - target: {kind: Namespace}
    patch: |
      {apiVersion: v1, kind: Namespace, metadata: {name: observability}, $patch: delete}
  - target: {kind: Deployment}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/readinessProbe/periodSeconds, value: 1}
      - {op: remove, path: /spec/template/spec/containers/0/lifecycle}
  - target: {kind: StatefulSet}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/readinessProbe/periodSeconds, value: 1}
      - {op: replace, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 20m, memory: 64Mi}, limits: {memory: 512Mi}}}
      - {op: replace, path: /spec/template/spec/containers/0/env/5/value, value: 2s}
`;
    await place.get(['apply', '-f', '-'], await renderInto(place.namespace, ['overlays/two-backends'], more));
    for (const name of ['deployment/gateway', 'statefulset/jaeger']) await rolledOut(place.namespace, name);
  };

  const run = async (fault: object, seconds: number, more: { target?: object; slos?: object[] } = {}) => {
    const file = join(place.folder, `${uniqueName('scenario')}.yaml`);
    const scenario = {
      apiVersion: 'squall/v1',
      name: 'two-backends',
      target: {
        kubernetes: {
          context: place.context,
          kubeconfig: place.kubeconfig,
          namespaces: [place.namespace],
          members: { gateway: { workload: 'deployment/gateway', otlp: 'service/gateway' } },
          backends: {
            jaeger: {
              workload: 'statefulset/jaeger',
              service: 'jaeger',
              exporter: 'otlp_grpc/jaeger',
              witness: { api: 'jaeger' },
            },
          },
          sink: { in: 'runner', grpc: `0.0.0.0:${port}` },
          ...more.target,
        },
      },
      limits: { itemsPerS: 1000, items: 1e5 },
      load: { spans: { ...load, duration: `${seconds}s` } },
      faults: [{ name: 'away', kind: 'backend-outage', selector: { member: 'jaeger' }, ...fault }],
      slos: [{ measure: 'items_lost', thresholds: ['count==0'] }, ...(more.slos ?? [])],
      settle: '60s',
    };
    writeFileSync(file, stringify(scenario));
    const { dir, env } = makePlace();
    const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env });
    const report = readReportJson(join(dir, 'out'));
    expect(report.faults, stderr).toMatchObject([{ name: 'away', members: ['jaeger'], verified: true }]);
    return { code, stderr, report, backend: report.backends?.[0] };
  };

  test('a Jaeger that is scaled away leaves the sink untouched, and has every span in the end; a Prometheus of ours sees the pods', async () => {
    const target = skipOwn ? {} : { prometheus: 'own' };
    const pods = {
      name: 'pods',
      promql: 'count(count by (namespace, pod, node, member, group) (otelcol_exporter_queue_size))',
      unit: 'pods',
      thresholds: ['value==1'],
    };
    const more = { target, slos: skipOwn ? [] : [pods] };
    const { report, backend, stderr } = await run({ at: '2s', duration: '6s', action: 'scale' }, 9, more);
    if (!skipOwn) expectCounted(report, stderr);
    const { traces } = report.ledger;
    expect(traces, stderr).toMatchObject({ due: 1800, lost: 0, pending: 0, duplicated: 0 });
    expect(backend?.outages[0], stderr).toMatchObject({ coupled: false, refused: 0, duplicated: 0 });
    expect(backend?.witness, stderr).toMatchObject({
      acknowledged: traces?.acknowledged,
      found: traces?.acknowledged,
      missing: 0,
    });
    expect(await place.get(['get', 'statefulset,service', '-l', 'squall.dev/changed-by', '-o', 'name'])).toBe(
      '',
    );
  });

  test('a queue that is full holds up the sink too, and the report says so; Jaeger lacks nothing of it', async () => {
    await deploy({ requests: 1, blocks: true });
    const { report, backend, stderr } = await run({ at: '2s', duration: '10s', action: 'selector' }, 9);
    expect(report.faults[0]?.effect).toContain('has sent nothing for 2 s');
    expect(backend?.outages[0], stderr).toMatchObject({ coupled: true });
    expect(report.findings.map(({ code }) => code)).toContain('BACKENDS-COUPLED');
    expect(backend?.witness?.missing, stderr).toBe(0);
    expect(await place.get(['get', 'statefulset,service', '-l', 'squall.dev/changed-by', '-o', 'name'])).toBe(
      '',
    );
  });
});
