import { expect, test } from 'vitest';
import { type Ceiling, ceilingAt, ceilingWarnings } from '../../../src/plan/ceiling.ts';
import { closedEntry, loadPlan, openEntry } from '../../fixtures/load/plan.ts';

/** 10 us a request and 0.1 us an item: 20 us for 100 items, 61.2 us for 512. */
const ceilings: Ceiling[] = [
  { protocol: 'grpc', batch: 512, itemsPerS: 512 / 61.2e-6 },
  { protocol: 'grpc', batch: 100, itemsPerS: 100 / 20e-6 },
];

test('between and beyond the batches measured a request costs a fixed time and one per item', () => {
  expect(ceilingAt(ceilings, { protocol: 'grpc', batch: 100 })).toBeCloseTo(5_000_000, 3);
  expect(ceilingAt(ceilings, { protocol: 'grpc', batch: 1 })).toBeCloseTo(1 / 10.1e-6, 3);
  expect(ceilingAt(ceilings, { protocol: 'grpc', batch: 1000 })).toBeCloseTo(1000 / 110e-6, 3);
});

test('a protocol that was not measured has no ceiling', () => {
  expect(ceilingAt(ceilings, { protocol: 'http/json', batch: 100 })).toBeUndefined();
});

const entry = (name: string, itemsPerS: number, startNs = 0) =>
  openEntry({ spec: { name, batch: 100 }, itemsPerS, durationMs: 1000, startNs });

test('70 % of the ceiling is no warning, more is one that names the entries and the share', () => {
  expect(ceilingWarnings(loadPlan([entry('spans', 3_500_000)]), ceilings)).toEqual([]);
  const [warning, ...more] = ceilingWarnings(loadPlan([entry('spans', 4_000_000)]), ceilings);
  expect(warning).toMatch(/^spans ask for 80 % of what this machine reached/);
  expect(more).toEqual([]);
});

test('entries at the same time add up, those one after the other do not', () => {
  const [a, b] = [entry('a', 2_000_000), entry('b', 2_000_000)];
  expect(ceilingWarnings(loadPlan([a, b]), ceilings)[0]).toMatch(/^a, b ask for 80 %/);
  expect(ceilingWarnings(loadPlan([a, entry('b', 2_000_000, 1e9)]), ceilings)).toEqual([]);
});

test('without figures, or for a load that takes what it gets, nothing is said', () => {
  expect(ceilingWarnings(loadPlan([entry('spans', 9e9)]), [])).toEqual([]);
  expect(ceilingWarnings(loadPlan([closedEntry({ items: 1e9, durationMs: 1000 })]), ceilings)).toEqual([]);
});
