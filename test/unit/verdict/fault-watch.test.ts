import { expect, test } from 'vitest';
import type { AlertRecord } from '../../../src/observe/alert-record.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  goodPrometheus,
  judgeInput,
  killRecord,
  type RequestRow,
  runRecord,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

const down = (activeS: number, firingS?: number): AlertRecord => ({
  alert: 'Down',
  labels: '',
  activeS,
  ...(firingS === undefined ? {} : { firingS }),
});

/** A kill at 3 s and one at 6 s, with these alerts. */
function faultsOf(alerts: AlertRecord[] | undefined, requests: RequestRow[] = steadyRows(10).requests) {
  const second = { ...killRecord(6000, 6500), name: 'again' };
  const record = runRecord({
    faults: [killRecord(3000, 3500), second],
    prometheus: goodPrometheus(alerts === undefined ? {} : { alerts }),
  });
  const { faults, events = [] } = judgeRun(
    judgeInput({ record, requests, arrivals: steadyRows(10).arrivals }),
  );
  return { first: faults[0], second: faults[1], events: events.filter(({ about }) => about === 'alert') };
}

test('an alert is told of the fault that was injected last before it became active', () => {
  const { first, second } = faultsOf([down(4, 5), down(8, 9)]);
  expect(first?.alerts).toEqual([{ alert: 'Down', labels: '', activeS: 4, firingS: 5, resolvedS: null }]);
  expect(second?.alerts?.map(({ firingS }) => firingS)).toEqual([9]);
});

test('one that was active before the fault detects nothing, and fires later all the same', () => {
  expect(faultsOf([down(2.9, 4)]).first?.alerts).toEqual([]);
  expect(faultsOf([down(5.9, 7)]).second?.alerts).toEqual([]);
});

test('no alert is not the same as no rule', () => {
  expect(faultsOf([]).first).toHaveProperty('alerts', []);
  expect(faultsOf(undefined).first).not.toHaveProperty('alerts');
});

test('alerts are events: pending, firing and resolved', () => {
  const { events } = faultsOf([
    { ...down(4, 5), labels: 'member="a"', endS: 9 },
    { ...down(7), endS: 8 },
    down(2, 2),
    { ...down(-40, -30), labels: 'member="b"', endS: 9.5 },
  ]);
  expect(events.map(({ atS, what }) => `${atS} ${what}`)).toEqual([
    '0 Down (member="b") is active already',
    '2 Down fires',
    '4 Down (member="a") is pending',
    '5 Down (member="a") fires',
    '7 Down is pending',
    '8 Down is not pending any more',
    '9 Down (member="a") is resolved',
    '9.5 Down (member="b") is resolved',
  ]);
});

test('retries: of what was due while the fault was in place, or due before and answered after its injection', () => {
  const requests = steadyRows(10).requests.map((row): RequestRow => {
    // Due at 2.9 s and answered at 3.2 s; due during; due after it.
    if (row.dueMs === 2900) return { ...row, ackMs: 300, attempts: 2 };
    if (row.dueMs === 3100) return { ...row, ackMs: 500, attempts: 4 };
    if (row.dueMs === 3600) return { ...row, attempts: 9 };
    return row.dueMs === 3200 ? { ...row, kind: 'missedByTarget' } : row;
  });
  // 50 due in (3, 3.5] s but the missed one; of those before it, due at 2.9 s and at 3 s, still unanswered at 3 s.
  expect(faultsOf([], requests).first?.retries).toEqual({ requests: 51, retried: 2, retries: 4 });
});
