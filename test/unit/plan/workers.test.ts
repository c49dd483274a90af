import { expect, test } from 'vitest';
import { compilePlan } from '../../../src/plan/compile.ts';
import { workersOf } from '../../../src/plan/pace.ts';
import { chooseWorkers, type PlanningMachine } from '../../../src/plan/workers.ts';
import { closedEntry, openEntry } from '../../fixtures/load/plan.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

/** One worker reaches 1,000,000/s at 100 a batch. */
const ceilings: PlanningMachine['ceilings'] = [
  { protocol: 'grpc', batch: 100, itemsPerS: 1e6 },
  { protocol: 'grpc', batch: 500, itemsPerS: 1e6 },
];
const machine = (cores: number) => ({ cores, ceilings });
const entry = (name: string, itemsPerS: number, startNs = 0) =>
  openEntry({ spec: { name, batch: 100 }, itemsPerS, durationMs: 1000, startNs });

test.each([
  [500_000, 8, 1],
  [500_001, 8, 2],
  [1_700_000, 8, 4],
  [9_000_000, 8, 7],
  [9_000_000, 2, 1],
  [9_000_000, 1, 1],
])('%i items/s on %i cores take %i workers', (itemsPerS, cores, count) => {
  expect(chooseWorkers([entry('a', itemsPerS)], machine(cores)).count).toBe(count);
});

test('entries at the same time add up, those one after the other do not', () => {
  const a = entry('a', 600_000);
  expect(chooseWorkers([a, entry('b', 600_000)], machine(8)).count).toBe(3);
  expect(chooseWorkers([a, entry('b', 600_000, 1e9)], machine(8)).count).toBe(2);
});

test('it says why, and when more were better than there are', () => {
  expect(chooseWorkers([entry('a', 600_000)], machine(8)).why).toBe(
    'a at most 60 % of what one can do as measured here',
  );
  expect(chooseWorkers([entry('a', 2_000_000)], machine(2)).why).toMatch(
    /4 would be better, but this machine has 2 cores$/,
  );
  expect(chooseWorkers([entry('a', 1000)], { cores: 8, ceilings: [] })).toMatchObject({ count: 1 });
  const closed = closedEntry({ items: 1e9, durationMs: 1000 });
  expect(chooseWorkers([closed], machine(8))).toEqual({ count: 1, why: 'the pace sets no rate' });
});

const compile = (fields: string, cores = 8) => {
  const load = `
  big: {signal: traces, executor: constant-arrival-rate, rate: 1200000, duration: 10s, batch: 100}
  other: {signal: metrics, executor: constant-arrival-rate, rate: 10, duration: 60s, batch: 1, ${fields}}`;
  const of = { runId: 'r', seed: 1, epochNs: '0', workers: 1 };
  return compilePlan(parseText(scenarioText({ load })).scenario, { ...of, machine: machine(cores) });
};

test('the scenario has the last word; a worker more than slots or requests would have nothing to do', () => {
  const workers = (fields: string) => compile(fields).entries.map(workersOf);
  expect(workers('')).toEqual([3, 3]);
  expect(workers('workers: 2')).toEqual([3, 2]);
  expect(workers('workers: 9, maxInFlight: 4')).toEqual([3, 4]);
  expect(workers('maxInFlight: 2')).toEqual([3, 2]);
});

test('the number of workers changes nothing else in the plan', () => {
  const without = ({ workers: _, ...plan }: ReturnType<typeof compile>) => ({
    ...plan,
    entries: plan.entries.map(({ workers: __, ...rest }) => rest),
  });
  expect(without(compile('', 8))).toEqual(without(compile('', 1)));
});
