import { expect, test } from 'vitest';
import type { FaultContext } from '../../../src/fault/fault.ts';
import { podKill } from '../../../src/fault/pod-kill.ts';
import type { Member, ObjectPower, PodEnd, PodPower } from '../../../src/target/target.ts';

type Seen = Awaited<ReturnType<PodPower['look']>>;

/** A kill changes no object in place. */
const unchanged: ObjectPower = {
  id: 'pod/gateway-1',
  read: async () => undefined,
  refusal: async () => 'not asked for',
  undo: () => Promise.reject(new Error('not asked for')),
  change: () => Promise.reject(new Error('not asked for')),
};

/** A pod that shows one look after the other, the last one for ever. */
function podThat(looks: Seen[]): { member: Member; asked: PodEnd[] } {
  const asked: PodEnd[] = [];
  const pod: PodPower = {
    id: 'otel/gateway-1',
    object: unchanged,
    refusal: async ({ method }) => (method === 'evict' ? 'the budget needs it' : undefined),
    end: async (how) => {
      asked.push(how);
    },
    look: async () => (looks.length > 1 ? looks.shift() : looks[0]) ?? { state: 'gone' },
  };
  return { member: { name: 'gateway-1', group: 'gateway', otlp: { headers: {} }, version: '', pod }, asked };
}

function contextAt(times: number[]): FaultContext {
  return {
    clock: { nowNs: () => times.shift() ?? 0, wallMs: () => 0, sleep: async () => undefined },
    runId: 'r',
    fault: 'kill',
    deadlineMs: 1000,
    memory: new Map(),
    journal: () => undefined,
    amend: () => undefined,
  };
}

const given = (more: object = {}) => podKill.params.parse(more);

test('the pod’s own grace is left to the API server; a given one is whole seconds', async () => {
  const { member, asked } = podThat([]);
  await podKill.inject(member, given(), contextAt([]));
  await podKill.inject(member, given({ gracePeriod: '0s' }), contextAt([]));
  await podKill.inject(member, given({ gracePeriod: '1500ms', method: 'evict' }), contextAt([]));
  expect(asked).toEqual([
    { method: 'delete', fault: 'kill' },
    { method: 'delete', fault: 'kill', gracePeriodS: 0 },
    { method: 'evict', fault: 'kill', gracePeriodS: 2 },
  ]);
});

test('what the API server would refuse is said before anything is done', async () => {
  const { member } = podThat([]);
  expect(await podKill.precondition(member, given())).toBeUndefined();
  expect(await podKill.precondition(member, given({ method: 'evict' }))).toBe('the budget needs it');
  const bare: Member = { name: 'x', group: 'x', otlp: { headers: {} }, version: '' };
  expect(await podKill.precondition(bare, given())).toBe('x is no pod');
});

test('a pod that is still there is no effect; one on its way out is', async () => {
  const { member } = podThat([{ state: 'there' }, { state: 'ending' }, { state: 'gone' }]);
  const look = () => podKill.effect(member, given(), contextAt([]));
  expect(await look()).toBeUndefined();
  expect(await look()).toContain('is ending');
  expect(await look()).toContain('is gone');
});

test('it is over when another is ready and this one is gone; ready counts from when the other was', async () => {
  const { member } = podThat([
    { state: 'gone' },
    { state: 'ending', replacedBy: 'gateway-2' },
    { state: 'gone', replacedBy: 'gateway-2' },
  ]);
  const context = contextAt([10, 20]);
  const look = () => podKill.absence(member, given(), context);
  expect(await look()).toBeUndefined();
  expect(await look()).toBeUndefined();
  expect(await look()).toBe('pod gateway-2 is ready in its place');
  expect(context.memory.get('endpointReadyNs')).toBe(10);
});
