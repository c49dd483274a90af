import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { enforceLevel } from '../fixtures/admission.ts';
import { type AgentPlace, openAgentPlace } from '../fixtures/agent-place.ts';
import { planStrokes, strike } from '../fixtures/agent-strokes.ts';
import { isApiServerHere } from '../fixtures/api-server.ts';
import { kubectl, uniqueName } from '../fixtures/cluster.ts';
import { noImage } from '../fixtures/cluster-image.ts';
import { makePlace, readReportJson, squall } from '../fixtures/squall.ts';

/** A webhook of this process is reached by it. */
const apiServerHere = await isApiServerHere();
/** The first of a whole set; all of them by `npm run test:safety`. */
const strokes = planStrokes(1);

/** Two Secrets, one of them for pulling images, and the rights to read those and one more, and to make others elsewhere. */
function pullObjects(name: string, namespace: string): string {
  const subjects = [{ kind: 'ServiceAccount', name: 'squall', namespace }];
  const access = 'rbac.authorization.k8s.io';
  const rbac = `${access}/v1`;
  const [api, here, everywhere] = ['v1', { name, namespace }, { name }];
  const own = {
    apiGroups: [''],
    resources: ['secrets'],
    verbs: ['get'],
    resourceNames: ['puller', 'plain', 'absent'],
  };
  const made = { apiGroups: [''], resources: ['secrets'], verbs: ['create'] };
  const roleRef = (kind: string) => ({ apiGroup: access, kind, name });
  const objects = [
    {
      apiVersion: api,
      kind: 'Secret',
      metadata: { name: 'puller', namespace },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': '{"auths": {"registry.invalid": {"auth": "YTpi"}}}' },
    },
    { apiVersion: api, kind: 'Secret', metadata: { name: 'plain', namespace }, stringData: { a: 'b' } },
    { apiVersion: rbac, kind: 'Role', metadata: here, rules: [own] },
    { apiVersion: rbac, kind: 'RoleBinding', metadata: here, subjects, roleRef: roleRef('Role') },
    { apiVersion: rbac, kind: 'ClusterRole', metadata: everywhere, rules: [made] },
    {
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      metadata: everywhere,
      subjects,
      roleRef: roleRef('ClusterRole'),
    },
  ];
  return objects.map((object) => stringify(object)).join('---\n');
}

describe.skipIf(noImage !== undefined)(`agents on the nodes (${noImage ?? 'there is one'})`, () => {
  let place: AgentPlace;

  const copying = uniqueName('squall-copying');

  beforeAll(async () => {
    place = await openAgentPlace('squall-agents');
    await kubectl(['apply', '-f', '-'], pullObjects(copying, place.gateways.namespace));
  });
  afterAll(async () => {
    await kubectl(['delete', 'clusterrole,clusterrolebinding', copying]);
    await place.close();
  });

  const secretsOf = (run: string) =>
    kubectl([
      '-n',
      `squall-${run}`,
      'get',
      'secrets',
      '-o',
      'jsonpath={.items[*].metadata.name} {.items[*].type}',
    ]);

  const scenario = (more: Partial<Parameters<AgentPlace['scenario']>[0]>) =>
    place.scenario({ faults: [], seconds: 20, ...more });
  const cut = (more: object = {}) => ({
    name: 'cut',
    kind: 'network-partition',
    at: '1s',
    duration: '20s',
    selector: { member: 'gateway' },
    peer: 'sink',
    ...more,
  });
  test('a partition cuts what was open and loses nothing, packets are lost, a rate is held to, a pause stops, a kill is a crash; nothing of them is left', async () => {
    const runId = uniqueName('agents');
    const before = await place.state(runId);
    const { dir, env } = makePlace();
    const on = { selector: { member: 'gateway' } };
    const thin = { kind: 'network-bandwidth', peer: 'sink', direction: 'to' };
    const faults = [
      cut({ duration: '6s' }),
      { name: 'holes', kind: 'network-loss', at: '8s', duration: '3s', peer: 'sink', loss: '60%', ...on },
      // It sends a request a second of some 30 kB, which takes longer so.
      { name: 'slow', ...thin, at: '13s', duration: '3s', rate: '200kbit', ...on },
      { name: 'pause', kind: 'container-pause', at: '17s', duration: '1500ms', ...on },
      { name: 'kill', kind: 'container-kill', at: '21s', ...on },
    ];
    const file = scenario({ faults, seconds: 24, target: { imagePullSecrets: ['puller'] } });
    // While the load runs its agents have what their image is pulled with.
    let copied = Promise.resolve('');
    const onText = (text: string) => {
      if (/^load · /m.test(text)) copied = secretsOf(runId);
    };
    const args = ['run', file, '--out', join(dir, 'out'), '--run-id', runId];
    const { stderr } = await squall(args, { env, onText });
    expect(await copied, stderr).toBe('puller kubernetes.io/dockerconfigjson');
    const report = readReportJson(join(dir, 'out'));
    const [partition, holes, slow, pause, kill] = report.faults;
    for (const fault of [partition, holes])
      expect(fault?.effect, stderr).toMatch(
        /^between \S+ and sink: [1-9]\d* packets \([1-9]\d* bytes\) dropped$/,
      );
    expect(slow?.effect, stderr).toMatch(/^between \S+ and sink: [1-9]\d* packets/);
    expect(pause?.effect).toMatch(/is paused$/);
    expect(kill?.effect).toMatch(/ended by SIGKILL$/);
    for (const fault of report.faults)
      expect(fault.verified, `${fault.name}: ${fault.effect}\n${stderr}`).toBe(true);
    const lost = report.ledger.traces?.lostIntervals ?? [];
    expect(lost.filter(({ fault }) => fault !== 'kill')).toEqual([]);
    expect(report.ledger.traces?.pending).toBe(0);
    expect(await place.state(runId)).toEqual(before);
    rmSync(dir, { recursive: true });
  });

  test('a delay acts where the node can delay, and is refused with its own words where it cannot, before any effect', async () => {
    const { dir, env } = makePlace();
    const runId = uniqueName('late');
    const before = await place.state(runId);
    const late = cut({ kind: 'network-delay', latency: '80ms', direction: 'to', duration: '2s' });
    // What no node can is refused whatever this one has.
    const back = { ...late, name: 'back', direction: 'from' };
    const never = await squall(['run', scenario({ faults: [back] }), '--out', join(dir, 'never')], { env });
    expect([never.code, never.stderr]).toEqual([
      4,
      expect.stringContaining(
        'SQ-PRECONDITION fault back (network-delay) cannot be done: a node can slow only',
      ),
    ]);
    const file = scenario({ faults: [late], seconds: 5 });
    const { code, stderr } = await squall(['run', file, '--out', join(dir, 'out'), '--run-id', runId], {
      env,
    });
    expect(await place.state(runId), stderr).toEqual(before);
    if (code === 4) return expect(stderr).toMatch(/node \S+ cannot: .*(netem|qdisc)/);
    const [fault] = readReportJson(join(dir, 'out')).faults;
    expect(fault, stderr).toMatchObject({ verified: true, effect: expect.stringMatching(/held back [1-9]/) });
  });

  test('agent: none, missing rights, an image and pull Secrets that are not there are refused by name; nothing is left', async () => {
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
    expect(await place.ofAgents(bare)).toBe('');
    const wrong = { imagePullSecrets: ['puller', 'plain', 'absent'] };
    const unkeyed = await run(scenario({ faults: [cut()], target: wrong }), uniqueName('unkeyed'));
    expect(unkeyed.code, unkeyed.stderr).toBe(4);
    expect(unkeyed.stderr).toContain("SQ-PRECONDITION there is no Secret absent to pull squall's image with");
    expect(unkeyed.stderr).toContain('the Secret plain is not for pulling images');
    expect(unkeyed.stderr).not.toContain('Secret puller');
    await place.forbid();
    const unread = { imagePullSecrets: ['unread'] };
    const refused = await run(scenario({ faults: [cut()], target: unread }), poor);
    await place.allow();
    expect(refused.stderr).toContain(`may not get secrets unread in ${place.gateways.namespace}`);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('may not create namespaces in the whole cluster');
    expect(refused.stderr).toContain('may not create daemonsets.apps in the whole cluster');
    expect(await place.ofAgents(poor)).toBe('');
    expect(await place.gateways.marked()).toBe('');
  });

  test.skipIf(!apiServerHere)(
    'Pod Security refuses the agents: said with its own words and what to do, before any effect; nothing is left',
    async () => {
      const { dir, env } = makePlace();
      const runId = uniqueName('strict');
      const before = await place.state(runId);
      const end = await enforceLevel(runId, 'baseline');
      const file = scenario({ faults: [cut()] });
      const ended = await squall(['run', file, '--out', join(dir, 'out'), '--run-id', runId], { env });
      await end();
      expect(ended.code, ended.stderr).toBe(4);
      expect(ended.stderr).toContain("SQ-PRECONDITION the cluster does not take the pod of squall's agent");
      expect(ended.stderr).toContain('violates PodSecurity "baseline:latest"');
      expect(ended.stderr).toContain('let the cluster take privileged pods in namespaces squall-*');
      expect(await place.state(runId)).toEqual(before);
    },
  );

  test(`SIGKILL of a run at 1 of ${strokes.length} instants: what acts on pods is gone, all is as it was`, async () => {
    const [stroke] = strokes;
    if (stroke === undefined) throw new Error('no stroke');
    const { inPlace, line } = await strike(stroke, place);
    console.log(line);
    expect(inPlace).toHaveLength(4);
  });
});
