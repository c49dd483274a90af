import { expect, test } from 'vitest';
import type { FaultRecord } from '../../../src/observe/evidence.ts';
import { createIntervalList, faultsOf } from '../../../src/observe/ledger-intervals.ts';

/** In place from .. to, seconds; without `to` for ever. */
function fault(name: string, from: number, to?: number): FaultRecord {
  const observed = { injectedNs: from * 1e9, ...(to === undefined ? {} : { recoveredNs: to * 1e9 }) };
  return {
    name,
    kind: 'x',
    members: [],
    effect: '',
    verified: true,
    intended: { startNs: 0 },
    recovery: {},
    observed,
  };
}

const reachNs = 300e9;
const outage = fault('outage', 10, 18);
const kill = fault('kill', 15, 17);
const causes = (dueS: number, faults: FaultRecord[]) => faultsOf(faults, reachNs, dueS * 1e9);

test('what an outage holds up may die with the pod that is killed meanwhile: both are named', () => {
  expect(causes(12, [outage, kill])).toEqual(['outage', 'kill']);
  expect(causes(12, [kill, outage])).toEqual(['outage', 'kill']);
});

test('the last to begin explains what was due after it; before all of them, the one that came soonest and what struck in it', () => {
  expect(causes(16, [outage, kill])).toEqual(['kill']);
  expect(causes(5, [outage, kill])).toEqual(['outage', 'kill']);
  expect(causes(5, [fault('first', 10, 11), kill])).toEqual(['first']);
});

test('a fault that strikes after the other was over has no part in it', () => {
  expect(causes(12, [outage, fault('later', 19, 20)])).toEqual(['outage']);
  expect(causes(12, [fault('dead', 10), fault('later', 19, 20)])).toEqual(['dead', 'later']);
});

test('no fault within reach, no cause', () => {
  expect(causes(19, [outage])).toEqual([]);
  expect(faultsOf([outage], 1e9, 8e9)).toEqual([]);
  expect(faultsOf([{ ...outage, observed: {} }], reachNs, 12e9)).toEqual([]);
});

test('items of other causes do not share an interval', () => {
  const list = createIntervalList({ load: 'spans', worker: 0, faults: [outage, kill], reachNs });
  for (const [from, dueS] of [
    [0, 12],
    [10, 13],
    [20, 15.5],
  ] as const)
    list.add({ from, count: 10, dueNs: dueS * 1e9 });
  expect(list.intervals).toMatchObject([
    { from: 0, to: 19, count: 20, fault: 'outage', orFaults: ['kill'] },
    { from: 20, to: 29, count: 10, fault: 'kill' },
  ]);
  expect(list.intervals[1]).not.toHaveProperty('orFaults');
});
