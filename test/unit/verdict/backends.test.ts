import { expect, test } from 'vitest';
import type { FaultRecord } from '../../../src/observe/evidence.ts';
import { arrivalFields, requestFields } from '../../../src/observe/evidence.ts';
import { computeLedger } from '../../../src/observe/ledger.ts';
import { columnRecords } from '../../../src/observe/records.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  arrivalColumns,
  judgeInput,
  killRecord,
  type RequestRow,
  requestColumns,
  runRecord,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

/** Jaeger away from 3 s to 6 s. */
const away: FaultRecord = {
  ...killRecord(3000, 6200),
  name: 'away',
  kind: 'backend-outage',
  intended: { startNs: 3e9, endNs: 6e9 },
  recovery: { removedNs: 6e9 },
};

function report(change: (row: RequestRow) => RequestRow = (row) => row, more: Partial<FaultRecord> = {}) {
  const record = runRecord({ faults: [{ ...away, ...more }] });
  record.plan.faults = [
    {
      spec: {
        name: 'away',
        kind: 'backend-outage',
        atMs: 3000,
        selector: { mode: 'one', member: 'jaeger' },
        params: { action: 'scale' },
        acts: 'backend',
      },
      startNs: 3e9,
      endNs: 6e9,
    },
  ];
  const { requests, arrivals } = steadyRows(10);
  const rows = requests.map(change);
  return { record, rows, arrivals, ...judgeRun(judgeInput({ record, requests: rows, arrivals })) };
}

const during = ({ dueMs }: RequestRow) => dueMs > 3000 && dueMs < 6000;
const codes = ({ findings }: ReturnType<typeof report>) => findings.map(({ code }) => code);

test('an outage that nothing on the sink’s way shows is apart', () => {
  const quiet = report();
  expect(quiet.backends?.[0]?.outages[0]).toMatchObject({ fault: 'away', coupled: false, due: 3200 });
  expect(codes(quiet)).toContain('BACKENDS-APART');
});

test('what is refused, sent again or held until its end is coupling; the sentence says how much of each', () => {
  const refused = report((row) => (during(row) ? { ...row, kind: 'refused' } : row));
  expect(refused.backends?.[0]?.outages[0]).toMatchObject({ coupled: true, refused: 2990 });
  const again = report((row) => (during(row) ? { ...row, attempts: 2 } : row));
  expect(again.findings.find(({ code }) => code === 'BACKENDS-COUPLED')?.sentence).toContain(
    '299 of its requests were sent again',
  );
  const held = report((row) => (during(row) ? { ...row, ackMs: 6100 - row.dueMs } : row));
  expect(held.backends?.[0]?.outages[0]).toMatchObject({ coupled: true, held: 200, refused: 0 });
});

test('what was there before as often, and an outage that was not proven, tell nothing', () => {
  expect(report((row) => ({ ...row, attempts: 2 })).backends?.[0]?.outages[0]?.coupled).toBeNull();
  const unproven = report((row) => row, { verified: false });
  expect(unproven.backends?.[0]?.outages[0]?.coupled).toBeNull();
  expect(codes(unproven)).not.toContain('BACKENDS-APART');
});

test('a witness that lacks spans: how many, due when, and in which fault', () => {
  const { record, rows, arrivals } = report();
  const has = arrivals.filter(({ from }) => from < 3500 || from >= 4000);
  const ledger = computeLedger({
    plan: record.plan,
    requests: [columnRecords(requestColumns(rows), requestFields)],
    arrivals: columnRecords(arrivalColumns(has), arrivalFields),
    settled: true,
    expect: undefined,
    faults: record.faults,
    reachNs: 1e9,
    hasSink: true,
  });
  const witnesses = [{ backend: 'jaeger', api: 'jaeger', ledger }];
  const { backends, findings } = judgeRun({ ...judgeInput({ record, requests: rows, arrivals }), witnesses });
  expect(backends?.[0]?.witness).toMatchObject({ acknowledged: 10_000, found: 9500, missing: 500 });
  expect(findings.find(({ code }) => code === 'WITNESS-MISSING')?.sentence).toBe(
    'Of 10,000 spans acknowledged in the run, the query API of jaeger (jaeger) finds 9,500; 500 are missing, due 3.51 to 4 s (away).',
  );
});

test('a witness that could not be asked is unknown, and not empty', () => {
  const { record, rows, arrivals } = report();
  const witnesses = [{ backend: 'jaeger', api: 'jaeger', reason: 'it has no pod that is ready' }];
  const { backends, findings } = judgeRun({ ...judgeInput({ record, requests: rows, arrivals }), witnesses });
  expect(backends?.[0]?.witness).toMatchObject({ found: null, missing: null });
  expect(findings.map(({ code }) => code)).toContain('WITNESS-UNKNOWN');
});
