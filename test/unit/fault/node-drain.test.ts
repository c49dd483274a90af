import { expect, test } from 'vitest';
import type { EndedPod, FaultContext, PodWait } from '../../../src/fault/fault.ts';
import { nodeCordon } from '../../../src/fault/node-cordon.ts';
import { nodeDrain } from '../../../src/fault/node-drain.ts';
import type { NodePod } from '../../../src/target/cluster-powers.ts';
import type { Member, ObjectPower } from '../../../src/target/target.ts';

type Refusal = { budget: string; why: string };

/** A node whose pods go when the budget lets them; `order` is what was asked of the API server. */
function nodeWith(pods: (Partial<NodePod> & { name: string })[], own: string[] = []) {
  let there = pods.map(
    (pod): NodePod => ({ id: `otel/${pod.name}`, namespace: 'otel', uid: pod.name, ending: false, ...pod }),
  );
  const world = {
    order: [] as string[],
    kept: new Map<string, Refusal>(),
    refused: new Map<string, string>(),
    cordoned: false,
  };
  const object: ObjectPower = {
    id: 'node/worker',
    read: async () => (world.cordoned ? true : undefined),
    refusal: async () => undefined,
    undo: () => Promise.reject(new Error('not asked for')),
    change: async (fault) => {
      world.order.push(`record and cordon for ${fault}`);
      world.cordoned = true;
    },
  };
  const member: Member = {
    name: 'worker',
    group: 'gateway',
    otlp: { headers: {} },
    version: '',
    node: {
      object,
      ownPath: async () => own,
      pods: async () => there,
      sights: async () =>
        there
          .filter(({ stays }) => stays === undefined)
          .map(({ id, uid, ending }) => ({ id, uid, node: 'worker', ending })),
      serving: async () => (world.cordoned ? 1 : 2),
      intend: async ({ name }) => {
        world.order.push(`record ${name}`);
      },
      evict: async ({ name }, { dryRun = false }) => {
        const refused = world.refused.get(name);
        if (refused !== undefined) throw new Error(refused);
        if (dryRun) return world.kept.get(name);
        world.order.push(`evict ${name}`);
        const kept = world.kept.get(name);
        if (kept === undefined) there = there.filter((pod) => pod.name !== name);
        return kept;
      },
    },
  };
  return { member, world };
}

function contextAt(clock: { ms: number }) {
  const waits: PodWait[] = [];
  const ended: EndedPod[] = [];
  const context: FaultContext = {
    clock: { nowNs: () => clock.ms * 1e6, wallMs: () => 0, sleep: async () => undefined },
    runId: 'r',
    fault: 'drain',
    deadlineMs: 1000,
    memory: new Map(),
    waits,
    ended,
    journal: () => undefined,
    amend: () => undefined,
  };
  return { context, waits, ended };
}

const given = (more: object = {}) => nodeDrain.params.parse(more);
const budget = { budget: 'gateway', why: 'needs 2 healthy pods and has 2' };

/** Looks as often as the engine would, once in 100 ms, until `untilMs`; gives the first effect. */
async function drive(
  member: Member,
  context: FaultContext,
  at: { clock: { ms: number }; untilMs: number },
  more = {},
) {
  for (; at.clock.ms <= at.untilMs; at.clock.ms += 100) {
    await nodeDrain.pursue?.(member, given(more), context);
    const effect = await nodeDrain.effect(member, given(more), context);
    if (effect !== undefined || context.memory.get('givenUp') === true) return effect;
  }
  return undefined;
}

test('a pod that a budget keeps is asked for again each second, and its wait is told from the first refusal on', async () => {
  const clock = { ms: 0 };
  const { member, world } = nodeWith([
    { name: 'a' },
    { name: 'b' },
    { name: 'agent', stays: 'a DaemonSet has a pod on every node' },
  ]);
  const { context, waits, ended } = contextAt(clock);
  world.kept.set('b', budget);
  await nodeDrain.inject(member, given(), context);
  expect(await drive(member, context, { clock, untilMs: 3400 })).toBeUndefined();
  expect(waits).toMatchObject([{ pod: 'otel/b', ...budget, fromNs: 0, evicted: false }]);
  expect(await nodeDrain.noEffect?.(member, given(), context)).toMatch(
    /could not be drained while it lasted: otel\/b is kept by the disruption budget gateway, for 3\.\d s/,
  );
  world.kept.clear();
  expect(await drive(member, context, { clock, untilMs: 9000 })).toMatch(
    /^node\/worker is drained: evicted otel\/a, otel\/b in 3\.9 s; left where they are: 1 as a DaemonSet/,
  );
  expect(waits).toEqual([{ pod: 'otel/b', ...budget, fromNs: 0, toNs: 3.6e9, evicted: true }]);
  expect(world.order).toEqual([
    'record and cordon for drain',
    'record a',
    'evict a',
    'record b',
    ...Array(4).fill('evict b'),
  ]);
  expect(ended.map(({ pod, goneNs }) => [pod, goneNs !== undefined])).toEqual([
    ['otel/a', true],
    ['otel/b', true],
  ]);
});

test('a drain that does not end within its limit says what keeps it, and is given up', async () => {
  const clock = { ms: 0 };
  const { member, world } = nodeWith([{ name: 'a' }, { name: 'b' }]);
  const { context, waits } = contextAt(clock);
  world.kept.set('b', budget);
  const more = { timeout: '2s' };
  await nodeDrain.inject(member, given(more), context);
  expect(await drive(member, context, { clock, untilMs: 60_000 }, more)).toBeUndefined();
  expect(clock.ms).toBeLessThan(3000);
  expect(context.memory.get('givenUp')).toBe(true);
  expect(await nodeDrain.noEffect?.(member, given(more), context)).toMatch(
    /could not be drained within 2s: otel\/b is kept .*; evicted otel\/a/,
  );
  const asked = world.order.length;
  await nodeDrain.pursue?.(member, given(more), context);
  expect(world.order).toHaveLength(asked);
  await nodeDrain.recover(member, given(more), context);
  expect(waits).toMatchObject([{ pod: 'otel/b', toNs: clock.ms * 1e6, evicted: false }]);
});

test('a node that somebody opens meanwhile is left alone from then on', async () => {
  const clock = { ms: 0 };
  const { member, world } = nodeWith([{ name: 'a' }]);
  const { context } = contextAt(clock);
  world.kept.set('a', budget);
  await nodeDrain.inject(member, given(), context);
  await drive(member, context, { clock, untilMs: 500 });
  const asked = world.order.length;
  world.cordoned = false;
  expect(await drive(member, context, { clock, untilMs: 60_000 })).toBeUndefined();
  expect(world.order).toHaveLength(asked);
  expect(await nodeDrain.noEffect?.(member, given(), context)).toMatch(
    /: it was opened by somebody else; otel\/a/,
  );
});

test.each<[string, Parameters<typeof nodeWith>, object, string | undefined]>([
  [
    'nothing to evict',
    [[{ name: 'a', stays: 'it has ended' }]],
    {},
    'node/worker has no pod that a drain would evict',
  ],
  [
    'a pod that nobody makes again',
    [[{ name: 'a', needs: 'force' }]],
    {},
    'node/worker: otel/a needs force: true',
  ],
  ['which the scenario allows', [[{ name: 'a', needs: 'force' }]], { force: true }, undefined],
  [
    'squall’s own way',
    [[{ name: 'a' }], ["squall's own sink (pod s)"]],
    {},
    "node/worker carries squall's own sink (pod s): ownPath: allow takes it all the same",
  ],
  ['which the scenario allows too', [[{ name: 'a' }], ['the API server']], { ownPath: 'allow' }, undefined],
])('before anything is done: %s', async (_, [pods, own], more, refused) => {
  const { member, world } = nodeWith(pods, own);
  expect(await nodeDrain.precondition(member, given(more))).toBe(refused);
  expect(world.order).toEqual([]);
});

test('a budget is no reason to refuse a drain, every other refusal of the API server is', async () => {
  const { member, world } = nodeWith([{ name: 'a' }]);
  world.kept.set('a', budget);
  expect(await nodeDrain.precondition(member, given())).toBeUndefined();
  world.refused.set('a', 'pods "a" is forbidden');
  expect(await nodeDrain.precondition(member, given())).toBe('otel/a: pods "a" is forbidden');
});

test('a node that somebody else has cordoned is neither cordoned nor drained: it would be opened at the end', async () => {
  const { member, world } = nodeWith([{ name: 'a' }]);
  world.cordoned = true;
  const why = 'node/worker is cordoned already, and not by this run';
  expect(await nodeDrain.precondition(member, given())).toBe(why);
  expect(await nodeCordon.precondition(member, nodeCordon.params.parse({}))).toBe(why);
});

test('a cordon is seen in the node, and says what of squall’s own way it carries', async () => {
  const { member, world } = nodeWith([{ name: 'a' }], ['the API server']);
  const { context } = contextAt({ ms: 0 });
  const cordon = nodeCordon.params.parse({ ownPath: 'allow' });
  expect(await nodeCordon.effect(member, cordon, context)).toBeUndefined();
  await nodeCordon.inject(member, cordon, context);
  expect(await nodeCordon.effect(member, cordon, context)).toBe(
    'node/worker takes no new pod; the 1 that it has stay; it carries the API server, as the scenario allows',
  );
  expect(await nodeCordon.absence(member, cordon, context)).toBeUndefined();
  world.cordoned = false;
  expect(await nodeCordon.absence(member, cordon, context)).toBe('node/worker takes pods again');
});
