import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { random } from '../../src/base/random.ts';
import { findTagged } from '../../src/fault/process-table.ts';
import { kubectl, uniqueName } from '../fixtures/cluster.ts';
import { noImage, ownImage } from '../fixtures/cluster-image.ts';
import { type Gateways, openGateways } from '../fixtures/gateways.ts';
import { type NodeLook, openNodeLook } from '../fixtures/node-look.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

const role = new URL('../../k8s/squall/agents.yaml', import.meta.url).pathname;
/** All of 24 instants with SQUALL_LONG=1; else as many as the suite has time for. */
const instants = process.env.SQUALL_LONG === '1' ? 24 : 1;

describe.skipIf(noImage !== undefined)(`agents on the nodes (${noImage ?? 'there is one'})`, () => {
  let gateways: Gateways;
  let look: NodeLook;
  let image = '';
  const binding = uniqueName('squall-agents');

  beforeAll(async () => {
    image = await ownImage();
    gateways = await openGateways({ prefix: 'squall-agents', replicas: 1 });
    await kubectl(['apply', '-f', role]);
    const account = `${gateways.namespace}:squall`;
    await kubectl([
      'create',
      'clusterrolebinding',
      binding,
      '--clusterrole=squall-agents',
      `--serviceaccount=${account}`,
    ]);
    const node = await gateways.get(['get', 'pods', '-o', 'jsonpath={.items[0].spec.nodeName}']);
    look = await openNodeLook({ namespace: uniqueName('squall-look'), node, image });
  });

  afterAll(async () => {
    await kubectl(['delete', 'clusterrolebinding', binding]);
    await look.remove();
    await gateways.close();
  });

  const scenario = (more: Partial<Parameters<Gateways['scenario']>[0]>) =>
    gateways.scenario({
      faults: [],
      seconds: 20,
      ...more,
      target: { agent: 'deploy', image, settle: '60s', ...more.target },
    });
  const cut = (more: object = {}) => ({
    name: 'cut',
    kind: 'network-partition',
    at: '1s',
    duration: '20s',
    selector: { member: 'gateway' },
    peer: 'sink',
    ...more,
  });
  /** Names of what runs have made in the cluster for their agents. */
  const ofAgents = (run: string) =>
    kubectl(['get', 'namespaces', '-l', `squall.dev/run=${run}`, '-o', 'name', '--ignore-not-found']);
  const rulesOf = () => look.pods(gateways.namespace);

  test('a partition cuts what was open and loses nothing, a pause stops, a kill is a crash; nothing of them is left', async () => {
    const before = await rulesOf();
    const { dir, env } = makePlace();
    const on = { selector: { member: 'gateway' } };
    const faults = [
      cut({ duration: '6s' }),
      { name: 'pause', kind: 'container-pause', at: '10s', duration: '1500ms', ...on },
      { name: 'kill', kind: 'container-kill', at: '14s', ...on },
    ];
    const runId = uniqueName('agents');
    const file = scenario({ faults, seconds: 18 });
    const { stderr } = await squall(['run', file, '--out', join(dir, 'out'), '--run-id', runId], { env });
    const report = readReportJson(join(dir, 'out'));
    const [partition, pause, kill] = report.faults;
    expect(partition?.effect, stderr).toMatch(
      /^between \S+ and sink: [1-9]\d* packets \([1-9]\d* bytes\) dropped$/,
    );
    expect(pause?.effect).toMatch(/is paused$/);
    expect(kill?.effect).toMatch(/ended by SIGKILL$/);
    for (const fault of report.faults)
      expect(fault.verified, `${fault.name}: ${fault.effect}\n${stderr}`).toBe(true);
    const lost = report.ledger.traces?.lostIntervals ?? [];
    expect(lost.filter(({ fault }) => fault !== 'kill')).toEqual([]);
    expect(report.ledger.traces?.pending).toBe(0);
    expect(await rulesOf()).toEqual(before);
    expect(await ofAgents(runId)).toBe('');
    expect(await gateways.marked()).toBe('');
    rmSync(dir, { recursive: true });
  });

  test('agent: none, a missing right and an image that is not there are refused by name; nothing is left', async () => {
    const { dir, env } = makePlace();
    const run = (file: string, runId: string) =>
      squall(['run', file, '--out', join(dir, runId), '--run-id', runId], { env });
    const [none, poor, bare] = [uniqueName('none'), uniqueName('poor'), uniqueName('bare')];
    const without = await run(scenario({ faults: [cut()], target: { agent: 'none' } }), none);
    expect(without.code).toBe(3);
    expect(without.stderr).toContain('SQ-FAULT-UNSUPPORTED network-partition is done by squall');
    const missing = { image: 'squall.invalid/none:1' };
    const unpulled = await run(scenario({ faults: [cut()], target: missing }), bare);
    expect(unpulled.code, unpulled.stderr).toBe(4);
    expect(unpulled.stderr).toMatch(/SQ-IMAGE-MISSING .*squall\.invalid\/none:1/);
    expect(await ofAgents(bare)).toBe('');
    await kubectl(['delete', 'clusterrolebinding', binding]);
    const refused = await run(scenario({ faults: [cut()] }), poor);
    await kubectl([
      'create',
      'clusterrolebinding',
      binding,
      '--clusterrole=squall-agents',
      `--serviceaccount=${gateways.namespace}:squall`,
    ]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('may not create namespaces in the whole cluster');
    expect(refused.stderr).toContain('may not create daemonsets.apps in the whole cluster');
    expect(await ofAgents(poor)).toBe('');
    expect(await gateways.marked()).toBe('');
  });

  type Victim = 'runner' | 'guard' | 'agent' | 'all';
  const victims: Victim[] = ['all', 'runner', 'guard', 'agent'];

  /**
   * The law: whoever is killed, at whatever instant, the pods' networks and processes are as before within 15 s + 5 s, or
   * the run goes on to its own end; and what recover leaves is nothing.
   */
  test.each(Array.from({ length: instants }, (_, seed) => seed))(
    'seed %i: SIGKILL of runner, guard, agent or all of them at some instant leaves nothing in place',
    async (seed) => {
      const dice = random(seed, 'agents');
      const victim = victims[seed % victims.length] ?? 'all';
      const before = await rulesOf();
      const { dir, env } = makePlace();
      const runId = uniqueName('killed');
      const on = { selector: { member: 'gateway' } };
      const faults = [
        cut({ duration: '12s' }),
        { name: 'pause', kind: 'container-pause', at: '3s', duration: '5s', ...on },
      ];
      const file = scenario({ faults, seconds: 15 });
      let pid = 0;
      const ended = squall(['run', file, '--out', join(dir, 'out'), '--run-id', runId], {
        env,
        onStart: (own) => {
          pid = own;
        },
      });
      await expect.poll(() => ofAgents(runId), { timeout: 60_000, interval: 200 }).not.toBe('');
      // The agents take some seconds to come, then the faults begin.
      await new Promise((resolve) => setTimeout(resolve, 3_000 + dice.below(15_000)));
      const guards = () => findTagged('SQUALL_GUARD_OF', runId).map((guard) => guard.pid);
      const killAgents = () => look.kill(`SQUALL_AGENT_NAMESPACE=squall-${runId}`);
      if (victim === 'runner' || victim === 'all') process.kill(pid, 'SIGKILL');
      if (victim === 'guard' || victim === 'all')
        for (const guard of guards()) process.kill(guard, 'SIGKILL');
      if (victim === 'agent' || victim === 'all') await killAgents();
      if (victim === 'all') for (const guard of guards()) process.kill(guard, 'SIGKILL');
      const killedMs = Date.now();
      if (victim === 'guard' || victim === 'agent') await ended;
      await expect.poll(rulesOf, { timeout: 90_000, interval: 500 }).toEqual(before);
      console.log(`seed ${seed}: ${victim} killed, all as before after ${Date.now() - killedMs} ms`);
      await ended;
      const args = ['recover', '--all', '--context', gateways.context, '--kubeconfig', gateways.account];
      const { code, stderr } = await squall([...args, '--namespace', gateways.namespace], { env });
      expect(code, stderr).toBe(0);
      expect([await ofAgents(runId), await gateways.marked()]).toEqual(['', '']);
      expect(await rulesOf()).toEqual(before);
      rmSync(dir, { recursive: true });
    },
  );
});
