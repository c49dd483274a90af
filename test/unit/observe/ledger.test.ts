import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { columnsOf, readColumns } from '../../../src/observe/columns.ts';
import { arrivalFields, type FaultRecord, requestFields } from '../../../src/observe/evidence.ts';
import { computeLedger, type LedgerInput } from '../../../src/observe/ledger.ts';
import { columnRecords } from '../../../src/observe/records.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';

const plan = loadPlan([openEntry({ spec: { batch: 10 }, itemsPerS: 100, durationMs: 1000 })]);

function records(fields: readonly string[], rows: number[][]) {
  const columns = fields.map((_, i) => Float64Array.from(rows, (row) => row[i] ?? 0));
  return columnRecords(columnsOf(fields, columns), fields);
}

/** Ten acknowledged requests of ten, due 0.1 s apart; items 30 to 44 did not arrive. */
function input(changes: Partial<LedgerInput> = {}): LedgerInput {
  const requests = Array.from({ length: 10 }, (_, k) => [1, k * 10, 10, (k + 1) * 1e8, 0, 0, 0, 0, 1, 0]);
  return {
    plan,
    requests: [records(requestFields, requests)],
    arrivals: records(arrivalFields, [
      [1, 0, 30, 2e9, 1, 0],
      [1, 45, 55, 2e9, 1, 1],
    ]),
    settled: true,
    expect: undefined,
    faults: [],
    reachNs: 0,
    hasSink: true,
    ...changes,
  };
}

function fault(name: string, injectedNs: number | undefined, recoveredNs?: number): FaultRecord {
  const observed = {
    ...(injectedNs === undefined ? {} : { injectedNs }),
    ...(recoveredNs === undefined ? {} : { recoveredNs }),
  };
  return {
    name,
    kind: 'k',
    members: [],
    intended: { startNs: 0 },
    observed,
    effect: '',
    verified: true,
    recovery: {},
  };
}

test('lost items are named in one interval with its due times', () => {
  expect(computeLedger(input()).bySignal.traces).toMatchObject({
    due: 100,
    acknowledged: 100,
    delivered: 85,
    lost: 15,
    undelivered: 15,
    lostIntervals: [{ load: 'spans', worker: 0, from: 30, to: 44, count: 15, dueFromS: 0.4, dueToS: 0.5 }],
  });
});

test('before settling is over they are pending', () => {
  const counts = computeLedger(input({ settled: false })).bySignal.traces;
  expect(counts).toMatchObject({ lost: 0, pending: 15, lostIntervals: [] });
});

const attributions: { faults: FaultRecord[]; reachNs: number; names: (string | undefined)[] }[] = [
  { faults: [fault('kill', 6e8, 7e8)], reachNs: 0, names: [undefined] },
  { faults: [fault('kill', 6e8, 7e8)], reachNs: 1e8, names: [undefined, 'kill'] },
  { faults: [fault('kill', 6e8, 7e8)], reachNs: 2e8, names: ['kill'] },
  { faults: [fault('kill', 6e8)], reachNs: 2e8, names: ['kill'] },
  { faults: [fault('kill', undefined)], reachNs: 9e9, names: [undefined] },
  { faults: [fault('old', 1e8, 4e8)], reachNs: 0, names: ['old', undefined] },
  { faults: [fault('far', 9e8, 1e9), fault('near', 5.5e8, 6e8)], reachNs: 9e8, names: ['near'] },
  { faults: [fault('outer', 1e8, 9e8), fault('inner', 3e8, 8e8)], reachNs: 9e8, names: ['inner'] },
];

test.each(attributions)('a loss names the fault within reach: row %#', ({ faults, reachNs, names }) => {
  const intervals = computeLedger(input({ faults, reachNs })).bySignal.traces?.lostIntervals ?? [];
  expect(intervals.map((interval) => interval.fault)).toEqual(names);
});

test.each([{ unknownReason: 'ids rewritten' }, { hasSink: false }])(
  'without evidence of delivery nothing is lost and nothing is zero: %o',
  (changes) => {
    const result = computeLedger(input(changes));
    const counts = result.bySignal.traces;
    expect(counts).toMatchObject({
      acknowledged: 100,
      lost: Number.NaN,
      delivered: Number.NaN,
      lostIntervals: [],
    });
    expect(result.unknown?.traces).toBeDefined();
  },
);

test('expect: what is missing within the tolerance is filtered, below it lost without a name', () => {
  const within = computeLedger(input({ expect: { delivered: { traces: { ratio: 0.9, within: 0.05 } } } }));
  expect(within.bySignal.traces).toMatchObject({ lost: 0, filtered: 15, lostIntervals: [] });
  const below = computeLedger(input({ expect: { delivered: { traces: { ratio: 0.95, within: 0.05 } } } }));
  expect(below.bySignal.traces).toMatchObject({ lost: 5, filtered: 10 });
  expect(below.bySignal.traces?.lostIntervals).toMatchObject([
    { from: 30, to: 44, count: 15, ambiguous: 10 },
  ]);
  const above = computeLedger(input({ expect: { delivered: { traces: { ratio: 0.5, within: 0.1 } } } }));
  expect(above.oddities.join()).toContain('more than the expected');
});

test('a torn record at the end of a file is ignored', () => {
  const dir = mkdtempSync(join(tmpdir(), 'squall-columns-'));
  try {
    const file = join(dir, 'arrivals.bin');
    writeFileSync(
      file,
      Buffer.concat([Buffer.from(Float64Array.of(1, 2, 3, 4, 5, 6).buffer), Buffer.alloc(17)]),
    );
    const read = readColumns(file, arrivalFields);
    expect([read.count, ...arrivalFields.map((name) => read.column(name)[0])]).toEqual([1, 1, 2, 3, 4, 5, 6]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
