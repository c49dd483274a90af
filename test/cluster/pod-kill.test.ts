import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { findTagged } from '../../src/fault/process-table.ts';
import type { Report } from '../../src/report/types.ts';
import { freePorts } from '../../src/target/ports.ts';
import { kubectl, noCluster, ownAddress, renderInto, rolledOut, uniqueName } from '../fixtures/cluster.ts';
import { startPrometheus } from '../fixtures/cluster-prometheus.ts';
import { startCuttable } from '../fixtures/cuttable.ts';
import { makePlace, readReportJson, root, squall } from '../fixtures/squall.ts';

/** The account of these runs has k8s/squall/role.yaml in one namespace and may ask the kubelets, and nothing else. */
describe.skipIf(noCluster !== undefined)(`pod-kill on a cluster (${noCluster ?? 'there is one'})`, () => {
  const namespace = uniqueName('squall-pod-kill');
  const folder = mkdtempSync(join(tmpdir(), 'squall-cluster-'));
  const account = join(folder, 'kubeconfig');
  const get = (args: string[], input?: string) => kubectl(['-n', namespace, ...args], input);
  const objects = () =>
    get(['get', 'job,lease,configmap', '-l', 'squall.dev/run', '-o', 'name', '--ignore-not-found']);
  const pods = () =>
    get(['get', 'pods', '-l', 'app.kubernetes.io/name=gateway', '-o', 'jsonpath={.items[*].metadata.uid}']);
  let port = 0;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;

  beforeAll(async () => {
    port = (await freePorts(1))[0] ?? 0;
    await kubectl(['create', 'namespace', namespace]);
    await kubectl(['label', 'namespace', namespace, 'squall.dev/chaos=allowed']);
    const small = `configMapGenerator:
  - {name: gateway-environment, behavior: merge, literals: ["BACKEND_GRPC=${await ownAddress()}:${port}"]}
patches:
  - target: {kind: Deployment}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/resources, value: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: 512Mi}}}
`;
    await kubectl(['apply', '-f', '-'], await renderInto(namespace, ['bases/gateway'], small));
    prometheus = await startPrometheus(namespace, folder);
    await get(['apply', '-f', join(root, 'k8s/squall/role.yaml')]);
    await get(['create', 'serviceaccount', 'squall']);
    await get(['create', 'rolebinding', 'squall', '--role=squall', `--serviceaccount=${namespace}:squall`]);
    await kubectl(['apply', '-f', join(root, 'k8s/squall/kubelets.yaml')]);
    const bound = ['--clusterrole=squall-kubelets', `--serviceaccount=${namespace}:squall`];
    await kubectl(['create', 'clusterrolebinding', namespace, ...bound]);
    const config = parse(await kubectl(['config', 'view', '--minify', '--raw']));
    config.users[0].user = { token: (await get(['create', 'token', 'squall'])).trim() };
    writeFileSync(account, stringify(config), { mode: 0o600 });
    for (const name of ['gateway', 'prometheus', 'prometheus-front'])
      await rolledOut(namespace, `deployment/${name}`);
  });

  afterAll(async () => {
    await kubectl(['delete', 'clusterrolebinding', namespace]);
    await kubectl(['delete', 'namespace', namespace, '--wait=false']);
    rmSync(folder, { recursive: true });
  });

  const scenario = (more: { target?: object; faults?: object[]; seconds?: number; slos?: object[] } = {}) => {
    const file = join(folder, `${uniqueName('scenario')}.yaml`);
    const { contexts } = parse(readFileSync(account, 'utf8'));
    const target = {
      context: contexts[0].name,
      kubeconfig: account,
      namespaces: [namespace],
      members: { gateway: { workload: 'deployment/gateway', otlp: 'service/gateway' } },
      sink: { in: 'runner', grpc: `0.0.0.0:${port}` },
      ...more.target,
    };
    const spans = {
      signal: 'traces',
      executor: 'constant-arrival-rate',
      rate: 2000,
      duration: `${more.seconds ?? 12}s`,
      batch: 20,
      // Enough that kube-proxy gives some to every pod.
      connections: 30,
    };
    const text = {
      apiVersion: 'squall/v1',
      name: 'cluster',
      target: { kubernetes: target },
      limits: { itemsPerS: 2000, items: 1e6 },
      load: { spans },
      faults: more.faults ?? [{ name: 'kill', kind: 'pod-kill', at: '1s', selector: { member: 'gateway' } }],
      slos: [{ measure: 'items_lost', thresholds: ['count==0'] }, ...(more.slos ?? [])],
    };
    writeFileSync(file, stringify(text));
    return file;
  };

  const refused = async (file: string, env: NodeJS.ProcessEnv = {}) => {
    const { dir, env: own } = makePlace();
    const before = await pods();
    const ended = await squall(['run', file, '--out', join(dir, 'out')], { env: { ...own, ...env } });
    expect(await objects()).toBe('');
    expect(await pods()).toBe(before);
    return ended;
  };

  test('a context that is not there is refused, and those that are there are named', async () => {
    const { code, stderr } = await refused(scenario({ target: { context: 'production' } }));
    expect(code).toBe(3);
    expect(stderr).toContain('SQ-CONTEXT-UNKNOWN');
    expect(stderr).toMatch(/expected production; found \S+/);
  });

  test('a workload that is not there, and one without a pod, are refused by name, both at once', async () => {
    await get(['create', 'deployment', 'idle', '--image=registry.k8s.io/pause:3.10', '--replicas=0']);
    const otlp = 'service/gateway';
    const members = { a: { workload: 'deployment/nothing', otlp }, b: { workload: 'deployment/idle', otlp } };
    const faults = [{ kind: 'pod-kill', at: '1s', selector: { member: 'a' } }];
    const { code, stderr } = await refused(scenario({ target: { members }, faults }));
    expect(code).toBe(4);
    expect(stderr).toContain('SQ-PODS-MISSING there is no deployment/nothing');
    expect(stderr).toContain('SQ-PODS-MISSING deployment/idle has no pod that is ready');
  });

  test('a namespace that is not open is refused, with the line that opens it', async () => {
    await kubectl(['label', 'namespace', namespace, 'squall.dev/chaos-']);
    const { code, stderr } = await refused(scenario());
    await kubectl(['label', 'namespace', namespace, 'squall.dev/chaos=allowed']);
    expect(code).toBe(4);
    expect(stderr).toContain('SQ-NAMESPACE-CLOSED');
    expect(stderr).toContain(`label namespace ${namespace} squall.dev/chaos=allowed`);
  });

  test('every right that is missing is named, all at once', async () => {
    const role = await get(['get', 'role', 'squall', '-o', 'json']);
    const less = JSON.parse(role);
    for (const rule of less.rules) rule.verbs = rule.verbs.filter((verb: string) => verb !== 'delete');
    await kubectl(['replace', '-f', '-'], JSON.stringify(less));
    const { code, stderr } = await refused(scenario());
    await kubectl(['replace', '--force', '-f', '-'], role);
    expect(code).toBe(4);
    for (const what of ['pods', 'configmaps', 'jobs.batch', 'leases.coordination.k8s.io'])
      expect(stderr).toContain(`the account may not delete ${what} in ${namespace}`);
    expect(stderr).not.toContain('may not list');
  });

  test('a disruption budget refuses an eviction: the fault had no effect, the run is unknown', async () => {
    await get([
      'create',
      'poddisruptionbudget',
      'all',
      '--selector=app.kubernetes.io/name=gateway',
      '--min-available=3',
    ]);
    const { dir, env } = makePlace();
    const before = await pods();
    const evict = {
      name: 'evict',
      kind: 'pod-kill',
      at: '1s',
      selector: { member: 'gateway' },
      method: 'evict',
    };
    const file = scenario({ faults: [evict], seconds: 3 });
    const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env });
    await get(['delete', 'poddisruptionbudget', 'all']);
    const { faults } = readReportJson(join(dir, 'out'));
    expect(faults[0]?.effect, stderr).toMatch(/violate the pod's disruption budget/);
    expect(code).toBe(2);
    expect(await pods()).toBe(before);
  });

  /** The same account by a way to the API server that can be cut. */
  const throughCuttable = async () => {
    const config = parse(readFileSync(account, 'utf8'));
    const { cluster } = config.clusters[0];
    const { hostname, port: there } = new URL(cluster.server);
    const way = await startCuttable({ host: hostname, port: Number(there || 443) });
    cluster.server = `https://127.0.0.1:${way.port}`;
    cluster['tls-server-name'] = hostname;
    const kubeconfig = join(folder, 'cuttable');
    writeFileSync(kubeconfig, stringify(config), { mode: 0o600 });
    return { ...way, kubeconfig };
  };

  /** It is killed for its memory: `tail` keeps a line that has no end. */
  const greedy = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'greedy' },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'tail',
          image: 'debian:bookworm-slim',
          imagePullPolicy: 'IfNotPresent',
          command: ['tail', '/dev/zero'],
          resources: { requests: { cpu: '20m' }, limits: { memory: '32Mi' } },
        },
      ],
    },
  };

  /** What an onlooker tells: the pod that was killed and the next one, endpoints, events, memory kills, gaps, rights. */
  const expectSeen = (report: Report, killed: string) => {
    const seen = (report.events ?? [])
      .filter(({ about }) => about === 'cluster')
      .map(({ atS, what }) => ({ atS, what }));
    const first = (text: RegExp) => seen.find(({ what }) => text.test(what))?.atS ?? Number.NaN;
    const all = seen.map(({ what }) => what).join('\n');
    const gone = first(new RegExp(`^pod ${killed} is gone$`));
    const [left, back] = [
      first(/gateway has 2 ready endpoints, from 3$/),
      first(/3 ready endpoints, from 2$/),
    ];
    expect(gone, all).toBeGreaterThan(0);
    expect(back, all).toBeGreaterThan(left);
    expect(all).toMatch(/^pod gateway-\S+: Scheduled, Successfully assigned/m);
    expect(all).toMatch(/^pod gateway-\S+ is ready$/m);
    const levels =
      report.timeline.series.find(({ name }) => name === 'ready endpoints gateway')?.points ?? [];
    expect(levels.map(([, value]) => value)).toEqual(expect.arrayContaining([3, null, 2]));
    const told = (code: string) => report.findings.find((finding) => finding.code === code)?.sentence;
    expect(told('OOM-KILLED')).toMatch(/pod greedy: container tail ended at [\d:]{8}Z, OOMKilled/);
    for (const what of ['the API server was not reached', 'pods in', 'endpoints in', 'events in'])
      expect(told('CLUSTER-GAP')).toContain(what);
    expect(told('CLUSTER-UNWATCHED')).toContain('list horizontalpodautoscalers.autoscaling');
  };

  test('spans that a killed pod held in memory are lost, named, and due between kill - reach and recovery; what happens in the cluster is told', async () => {
    const { dir, env } = makePlace();
    const before = (await pods()).split(' ');
    const names = async () =>
      (await get(['get', 'pods', '-l', 'app.kubernetes.io/name=gateway', '-o', 'name'])).trim().split('\n');
    const namesBefore = await names();
    const less = JSON.parse(await get(['get', 'role', 'squall', '-o', 'json']));
    less.rules = less.rules.filter(
      ({ apiGroups }: { apiGroups: string[] }) => apiGroups[0] !== 'autoscaling',
    );
    await kubectl(['replace', '-f', '-'], JSON.stringify(less));
    const way = await throughCuttable();
    let looking = true;
    const onText = (text: string) => {
      if (!looking || !/^load · /m.test(text)) return;
      looking = false;
      way.cut(1000);
      void get(['apply', '-f', '-'], stringify(greedy));
    };
    const faults = [
      {
        name: 'outage',
        kind: 'backend-outage',
        at: '3s',
        duration: '5s',
        action: 'grpc-status',
        grpcStatus: 'UNAVAILABLE',
      },
      { name: 'kill', kind: 'pod-kill', at: '6s', selector: { member: 'gateway' }, gracePeriod: '0s' },
    ];
    const queue = {
      name: 'queue',
      promql: 'max(otelcol_exporter_queue_size)',
      unit: 'batches',
      thresholds: ['value<1000'],
    };
    const target = { kubeconfig: way.kubeconfig, prometheus };
    const file = scenario({ faults, target, slos: [queue] });
    const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env, onText });
    way.close();
    const report = readReportJson(join(dir, 'out'));
    const kill = report.faults.find(({ name }) => name === 'kill');
    const ledger = report.ledger.traces;
    expect(ledger, stderr).toBeDefined();
    expect(kill?.verified, stderr).toBe(true);
    const { injectedS = 0, recoveredS = 0 } = (kill?.observed ?? {}) as {
      injectedS?: number;
      recoveredS?: number;
    };
    expect(recoveredS).toBeGreaterThan(injectedS);
    expect(ledger?.lost).toBeGreaterThan(0);
    expect(ledger?.lostIntervals.reduce((sum, { count }) => sum + count, 0)).toBe(ledger?.lost);
    // The gateways' reach is longer than the run. What the pod held came in after the outage began, but for a last batch.
    const held = ledger?.lostIntervals.filter(({ dueFromS }) => dueFromS >= 3) ?? [];
    expect(held.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan((ledger?.lost ?? 0) / 2);
    // For so long a process may outlive its Pod object, and take items.
    const lingersS = 2.5;
    for (const { dueToS } of ledger?.lostIntervals ?? [])
      expect(dueToS).toBeLessThanOrEqual(recoveredS + lingersS);
    expect(code).toBe(1);
    const after = (await pods()).split(' ');
    expect(after.filter((uid) => before.includes(uid))).toHaveLength(2);
    expect(await objects()).toBe('');
    // Of a Prometheus behind a Service, with TLS and a token inside the way through the API server.
    expect(report.counters.accepted, stderr).toBeGreaterThan(0);
    const series = report.timeline.series.map(({ name }) => name);
    expect(series).toContain('queue size');
    expect(series.filter((name) => name.startsWith('working set gateway-')).length).toBeGreaterThan(1);
    const namesAfter = await names();
    const killed = namesBefore.find((name) => !namesAfter.includes(name))?.replace('pod/', '');
    expectSeen(report, killed ?? '');
    expect(readFileSync(join(dir, 'out', 'report.html'), 'utf8')).toContain(`pod ${killed} is gone`);
  });

  /** Starts a long run and gives it once its record stands in the cluster. */
  const started = async () => {
    const place = makePlace();
    let pid = 0;
    const onStart = (own: number) => {
      pid = own;
    };
    const run = squall(['run', scenario({ seconds: 60 }), '--out', join(place.dir, 'out')], {
      env: place.env,
      onStart,
    });
    const over = run.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
    await Promise.race([over, expect.poll(objects, { timeout: 120_000, interval: 200 }).toContain('lease')]);
    return { pid, run };
  };

  test('a runner that is killed leaves nothing in the cluster: its guard removes what it made', async () => {
    const { run, pid } = await started();
    process.kill(pid, 'SIGKILL');
    await run;
    await expect.poll(objects, { timeout: 20_000, interval: 500 }).toBe('');
  });

  test('runner and guards killed: recover from elsewhere, and while it lives it is left alone', async () => {
    const { run, pid } = await started();
    const { env } = makePlace();
    const { contexts } = parse(readFileSync(account, 'utf8'));
    const args = [
      'recover',
      '--all',
      '--context',
      contexts[0].name,
      '--kubeconfig',
      account,
      '--namespace',
      namespace,
    ];
    const alive = await squall(args, { env });
    expect(alive.code).toBe(5);
    expect(alive.stderr).toContain('still running');
    const name = (
      await get([
        'get',
        'lease',
        '-l',
        'squall.dev/run',
        '-o',
        'jsonpath={.items[0].metadata.labels.squall\\.dev/run}',
      ])
    ).trim();
    for (const guard of findTagged('SQUALL_GUARD_OF', name)) process.kill(guard.pid, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    await run;
    for (const guard of findTagged('SQUALL_GUARD_OF', name)) process.kill(guard.pid, 'SIGKILL');
    expect(await objects()).not.toBe('');
    const { code, stderr } = await squall(args, { env });
    expect(code, stderr).toBe(0);
    expect(await objects()).toBe('');
  });
});
