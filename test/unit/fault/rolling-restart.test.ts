import { expect, test } from 'vitest';
import type { EndedPod, FaultContext } from '../../../src/fault/fault.ts';
import { podsOf } from '../../../src/fault/pod-records.ts';
import { rollingRestart } from '../../../src/fault/rolling-restart.ts';
import type { RolloutPower } from '../../../src/target/cluster-powers.ts';
import type { PodSight } from '../../../src/target/pod-sight.ts';
import type { Member, ObjectPower } from '../../../src/target/target.ts';

const object: ObjectPower = {
  id: 'deployment/gateway',
  read: async () => undefined,
  refusal: async () => undefined,
  undo: () => Promise.reject(new Error('not asked for')),
  change: () => Promise.reject(new Error('not asked for')),
};

const sight = (name: string, more: Partial<PodSight> = {}): PodSight => ({
  id: `otel/${name}`,
  uid: name,
  node: 'worker',
  ending: false,
  ...more,
});

/** Shows one look after the other, the last for ever; complete from the last one on. */
function gatewayThat(looks: PodSight[][], refusal?: string) {
  const asked: string[] = [];
  const rollout: RolloutPower = {
    refusal: async () => refusal,
    restart: async (fault) => {
      asked.push(fault);
    },
    isComplete: async () => looks.length === 1,
    pods: async () => (looks.length > 1 ? looks.shift() : looks[0]) ?? [],
  };
  const workload = {
    kind: 'deployment' as const,
    object,
    mark: { path: '' },
    rollout,
    config: async () => undefined,
    look: async () => ({ running: 0, serving: 0, marked: 0 }),
  };
  const member: Member = { name: 'gateway', group: 'gateway', otlp: { headers: {} }, version: '', workload };
  return { member, asked };
}

test('every pod that was there is followed to its end, with what it had not handed on when it last answered', async () => {
  const items = (accepted: number, sent: number) => ({ items: { accepted, sent } });
  const { member, asked } = gatewayThat([
    [sight('a', items(10, 10)), sight('b', items(10, 10))],
    [sight('a', { ending: true, graceS: 45, ...items(30, 12) }), sight('b', items(20, 10)), sight('c')],
    [sight('b', { ending: true, graceS: 45, ...items(40, 10) }), sight('c')],
    [sight('c'), sight('d')],
  ]);
  let ms = 0;
  const ended: EndedPod[] = [];
  const context: FaultContext = {
    clock: { nowNs: () => ms * 1e6, wallMs: () => 0, sleep: async () => undefined },
    runId: 'r',
    fault: 'restart',
    deadlineMs: 1000,
    memory: new Map(),
    ended,
    journal: () => undefined,
    amend: () => undefined,
  };
  expect(await rollingRestart.undo(member, {}, context)).toEqual([]);
  await rollingRestart.inject(member, {}, context);
  expect(asked).toEqual(['restart']);
  let effect: string | undefined;
  for (; effect === undefined && ms < 60_000; ms += 1000) {
    await rollingRestart.pursue?.(member, {}, context);
    effect = await rollingRestart.effect(member, {}, context);
    if (ms === 0)
      expect(await rollingRestart.noEffect?.(member, {}, context)).toMatch(
        /^0 of 2 pods of deployment\/gateway were replaced/,
      );
  }
  expect(effect).toMatch(
    /^all 2 pods of deployment\/gateway were replaced, .* after 2\.0 s; nothing to undo$/,
  );
  expect(podsOf([{ waits: [], ended }], 0)).toEqual({
    ended: [
      {
        pod: 'otel/a',
        node: 'worker',
        items: { accepted: 30, sent: 12 },
        graceS: 45,
        endingNs: 0,
        itemsNs: 0,
        goneNs: 1e9,
      },
      {
        pod: 'otel/b',
        node: 'worker',
        items: { accepted: 40, sent: 10 },
        graceS: 45,
        endingNs: 1e9,
        itemsNs: 1e9,
        goneNs: 2e9,
      },
    ],
  });
});

test('what would keep the rollout is said before anything is done', async () => {
  const { member, asked } = gatewayThat([[]], 'its rollout is paused');
  expect(await rollingRestart.precondition(member, {})).toBe('its rollout is paused');
  expect(asked).toEqual([]);
});
