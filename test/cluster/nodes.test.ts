import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findTagged } from '../../src/fault/process-table.ts';
import { kubectl, noCluster, uniqueName } from '../fixtures/cluster.ts';
import { type Gateways, openGateways } from '../fixtures/gateways.ts';
import { makePlace, readReportJson, root, squall } from '../fixtures/squall.ts';

const patient = { timeout: 120_000, interval: 250 };

/** The account has k8s/squall/role.yaml in one namespace, and from the second test on nodes.yaml; nothing else. */
describe.skipIf(noCluster !== undefined)(`faults on nodes (${noCluster ?? 'there is one'})`, () => {
  let gateways: Gateways;
  const binding = uniqueName('squall-nodes');
  const on = { selector: { member: 'gateway' } };
  // Other suites have pods of squall's own on the nodes meanwhile, in namespaces that this account cannot touch.
  const shared = { ...on, ownPath: 'allow' };
  const target = { blastRadius: 1, settle: '60s' };
  const drain = (more: object) => ({ name: 'drain', kind: 'node-drain', ...shared, ...more });

  beforeAll(async () => {
    gateways = await openGateways({ prefix: 'squall-nodes', replicas: 2 });
    const selector = '--selector=app.kubernetes.io/name=gateway';
    await gateways.get(['create', 'poddisruptionbudget', 'keeper', selector, '--min-available=2']);
    await kubectl(['apply', '-f', join(root, 'k8s/squall/nodes.yaml')]);
  });
  afterAll(async () => {
    await kubectl(['delete', 'clusterrolebinding', binding, '--ignore-not-found']);
    await kubectl(['delete', '-f', join(root, 'k8s/squall/nodes.yaml')]);
    await gateways.close();
  });

  /** Nodes that a run has closed, and those that are closed by anybody. */
  const changed = () => kubectl(['get', 'nodes', '-l', 'squall.dev/changed-by', '-o', 'name']);
  const closed = () => kubectl(['get', 'nodes', '--field-selector', 'spec.unschedulable=true', '-o', 'name']);
  const journal = (out: string) => {
    const file = join(out, 'journal.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };

  test('without verbs on nodes a drain is refused, each right by name, before any effect', async () => {
    const { dir, env } = makePlace();
    const file = gateways.scenario({ faults: [drain({ at: '1s', duration: '5s' })], seconds: 5, target });
    const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out')], { env });
    expect(code).toBe(4);
    for (const right of ['get nodes', 'patch nodes', 'list pods'])
      expect(stderr).toContain(`the account may not ${right} in the whole cluster`);
    expect(stderr).toContain('nodes.yaml');
    expect(await gateways.marked()).toBe('');
    const account = `--serviceaccount=${gateways.namespace}:squall`;
    await kubectl(['create', 'clusterrolebinding', binding, '--clusterrole=squall-nodes', account]);
  });

  test('a drain waits for the budget and says so, is given up at its limit, loses nothing; a rolling restart names what each pod held', async () => {
    const { dir, env } = makePlace();
    const out = join(dir, 'out');
    const unavailable = { action: 'grpc-status', grpcStatus: 'UNAVAILABLE' };
    const faults = [
      drain({ name: 'stuck', at: '1s', duration: '6s', timeout: '1s' }),
      drain({ at: '10s', duration: '12s' }),
      { name: 'outage', kind: 'backend-outage', at: '24s', duration: '14s', ...unavailable },
      { name: 'restart', kind: 'rolling-restart', at: '25s', ...on },
    ];
    const ended = squall(['run', gateways.scenario({ faults, seconds: 38, target }), '--out', out], { env });
    const isKept = () => journal(out).includes('"fault":"drain","event":"kept"');
    const over = ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
    // The second drain is kept too: from here on its budget lets one go at a time.
    await Promise.race([over, expect.poll(isKept, patient).toBe(true)]);
    const spec = { spec: { minAvailable: 1 } };
    await gateways.get([
      'patch',
      'poddisruptionbudget',
      'keeper',
      '--type=merge',
      '-p',
      JSON.stringify(spec),
    ]);
    const { stderr } = await ended;
    const report = readReportJson(out);
    const [stuck, emptied, , restart] = report.faults;
    expect(stuck, stderr).toMatchObject({ verified: false, waits: [{ budget: 'keeper', evicted: false }] });
    expect(stuck?.effect).toMatch(
      /^not complete: node\/\S+ could not be drained within 1s: \S+\/gateway-\S+ is kept by the disruption budget keeper/,
    );
    expect(emptied?.effect).toMatch(/^node\/\S+ is drained: evicted \S+\/(?:gateway|spare)-/);
    expect(emptied?.verified, stderr).toBe(true);
    const [wait] = emptied?.waits ?? [];
    expect(wait).toMatchObject({ budget: 'keeper', evicted: true });
    expect(wait?.lengthS).toBeGreaterThan(0);
    const told = (report.events ?? []).map(({ what }) => what);
    expect(told).toContain(`drain waits for ${wait?.pod}: the disruption budget keeper keeps it`);
    expect(told).toContain(`drain evicts ${wait?.pod}`);
    expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain('Pods kept by disruption budgets');
    expect(restart?.effect, stderr).toMatch(/^all 2 pods of deployment\/gateway were replaced/);
    expect(restart?.verified).toBe(true);
    expect(restart?.ended).toHaveLength(2);
    const ends = restart?.ended ?? [];
    for (const { goneS, endingS, held } of ends) {
      expect(goneS ?? 0).toBeGreaterThanOrEqual(endingS ?? Number.POSITIVE_INFINITY);
      expect(held).not.toBeNull();
    }
    // Connections stay with the pod that they first met: one of the two may have had none.
    expect(ends.reduce((sum, { held }) => sum + (held?.items ?? 0), 0)).toBeGreaterThan(0);
    const whole = (report.ledger.traces?.lost ?? 0) <= (restart?.predicted?.items ?? 0);
    expect(whole, 'predicted').toBe(true);
    const lost = report.ledger.traces?.lostIntervals ?? [];
    expect(lost.length).toBeGreaterThan(0);
    // What was lost was due around the restart: the drains lost nothing.
    for (const { dueToS } of lost) expect(dueToS).toBeGreaterThan(22);
    expect([await changed(), await closed(), await gateways.marked()]).toEqual(['', '', '']);
  });

  /** Starts a run that closes a node, and gives it once the node is closed. */
  const started = async () => {
    const place = makePlace();
    const runId = uniqueName('nodes');
    const faults = [{ name: 'closed', kind: 'node-cordon', at: '1s', duration: '300s', ...shared }];
    const file = gateways.scenario({ faults, seconds: 300, target });
    let pid = 0;
    const onStart = (own: number) => {
      pid = own;
    };
    const args = ['run', file, '--out', join(place.dir, 'out'), '--run-id', runId];
    const run = squall(args, { env: place.env, onStart });
    const over = run.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
    await Promise.race([over, expect.poll(closed, patient).not.toBe('')]);
    return { pid, run, runId };
  };

  test('a runner that is killed with a node closed: its guard opens the node', async () => {
    const { pid, run } = await started();
    process.kill(pid, 'SIGKILL');
    await run;
    await expect.poll(closed, patient).toBe('');
    await expect.poll(gateways.marked, patient).toBe('');
    expect(await changed()).toBe('');
  });

  test('runner and guards killed: recover opens the node from elsewhere', async () => {
    const { pid, run, runId } = await started();
    const endGuards = () => {
      for (const guard of findTagged('SQUALL_GUARD_OF', runId)) process.kill(guard.pid, 'SIGKILL');
    };
    endGuards();
    process.kill(pid, 'SIGKILL');
    await run;
    endGuards();
    expect(await closed()).not.toBe('');
    const { context, account, namespace } = gateways;
    const at = ['--context', context, '--kubeconfig', account, '--namespace', namespace];
    const { code, stderr } = await squall(['recover', '--all', ...at], { env: makePlace().env });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/node\/\S+ restored/);
    expect([await closed(), await changed(), await gateways.marked()]).toEqual(['', '', '']);
  });
});
