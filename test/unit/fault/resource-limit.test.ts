import { expect, test } from 'vitest';
import { systemClock as clock } from '../../../src/base/clock.ts';
import type { FaultContext } from '../../../src/fault/fault.ts';
import { resourceLimit } from '../../../src/fault/resource-limit.ts';
import type { Member } from '../../../src/target/target.ts';

const prior = { cpuMillis: 1000, memoryBytes: 2 ** 29 };
const none = { cpuMillis: null, memoryBytes: null };

function absence(limits: Pick<NonNullable<Member['limits']>, 'current' | 'gone'>) {
  const member: Member = {
    name: 'spare-1',
    group: 'spare',
    otlp: { headers: {} },
    version: '',
    limits: { set: async () => undefined, ...limits },
  };
  const memory = new Map<string, unknown>([['prior', prior]]);
  const journal = () => undefined;
  const context: FaultContext = {
    runId: 'r',
    fault: 'slow',
    deadlineMs: 0,
    memory,
    clock,
    journal,
    amend: () => undefined,
  };
  return resourceLimit.absence(member, { cpu: 200 }, context);
}

test('limits are gone when they are as before, and with the pod that had them', async () => {
  expect(await absence({ current: async () => prior })).toMatch(/^spare-1 has 1000m CPU and .* again$/);
  expect(await absence({ current: async () => ({ ...prior, cpuMillis: 200 }) })).toBeUndefined();
  // As a pod that is scaled away while it is limited.
  const scaledAway = { current: async () => none, gone: async () => true };
  expect(await absence(scaledAway)).toBe('spare-1 is gone, and its limits with it');
  expect(await absence({ current: async () => none, gone: async () => false })).toBeUndefined();
});
