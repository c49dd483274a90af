import { expect, test } from 'vitest';
import { columnsOf } from '../../../src/observe/columns.ts';
import { requestFields } from '../../../src/observe/evidence.ts';
import { requestTable } from '../../../src/verdict/request-table.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';

const plan = loadPlan([openEntry({ itemsPerS: 1, durationMs: 1000, streams: [7] })]);

/** Requests of which each is told by the fields that matter here; all others are 1. */
const part = (...rows: Partial<Record<(typeof requestFields)[number], number>>[]) =>
  columnsOf(
    requestFields,
    requestFields.map((name) => Float64Array.from(rows, (row) => row[name] ?? 1)),
  );

test('all parts in a row, times and sequences exact, each request with its entry', () => {
  const far = 2 ** 47 + 1;
  const table = requestTable(plan, [
    part({ stream: 7, from: far }, { dueNs: far }),
    part({ finalNs: Number.NaN }),
  ]);
  expect(table.count).toBe(3);
  expect([...table.entry]).toEqual([0, -1, -1]);
  expect([...table.from]).toEqual([far, 1, 1]);
  expect([...table.dueNs]).toEqual([1, far, 1]);
  expect([...table.finalNs]).toEqual([1, 1, Number.NaN]);
});

test('what a narrow column cannot hold is the nearest that it can, and what is no number is in no class', () => {
  const { kind, rejected, items } = requestTable(plan, [
    part({ rejected: 2 ** 40, class: Number.NaN }, { rejected: Number.POSITIVE_INFINITY, class: 300 }),
    part({ rejected: -5, count: Number.NaN, class: 4 }),
  ]);
  expect([...rejected]).toEqual([2 ** 31 - 1, 2 ** 31 - 1, -1]);
  expect([...kind]).toEqual([-1, 127, 4]);
  expect([...items]).toEqual([1, 1, -1]);
});
