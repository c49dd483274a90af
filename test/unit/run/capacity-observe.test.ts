import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TrialOutcome } from '../../../src/capacity/types.ts';
import { arrivalFields, requestFields } from '../../../src/observe/evidence.ts';
import type { Columns } from '../../../src/observe/ledger-types.ts';
import { evidencePaths, writeRecord } from '../../../src/record.ts';
import { observeTrial } from '../../../src/run/capacity-observe.ts';
import { judgeEvidence } from '../../../src/run/finish.ts';
import {
  type ArrivalRow,
  arrivalColumns,
  entryPlan,
  type RequestRow,
  requestColumns,
  runRecord,
  slo,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

const place = mkdtempSync(join(tmpdir(), 'squall-observe-'));
afterAll(() => rmSync(place, { recursive: true }));

const [warmupS, seconds] = [5, 45];
const steady = steadyRows(seconds);
const record = runRecord({
  entries: [entryPlan('spans', { endNs: seconds * 1e9 })],
  warmupMs: warmupS * 1000,
});
record.plan.slos.push(
  slo('ack_duration', 'p(95)<10'),
  slo('ack_duration', 'p(99)<10'),
  slo('items_lost', 'count==0'),
  slo('ack_duration', 'max<60'),
);

function encode(columns: Columns, fields: readonly string[]): Buffer {
  const bytes = Buffer.alloc(columns.count * fields.length * 8);
  for (const [f, field] of fields.entries())
    for (const [row, value] of columns.column(field).entries())
      bytes.writeDoubleLE(value, (row * fields.length + f) * 8);
  return bytes;
}

let number = 0;
async function outcomeOf(change: {
  request?(row: RequestRow, dueS: number): RequestRow;
  arrival?(row: ArrivalRow, dueS: number): ArrivalRow[];
  more?: Partial<typeof record>;
  /** A fault that lasts for all of it. */
  fault?: string;
  sinkThreads?: number;
}): Promise<TrialOutcome> {
  const dir = join(place, String(number++));
  const { request = (row) => row, arrival = (row) => [row] } = change;
  const requests = steady.requests.map((row) => request(row, row.dueMs / 1000));
  const arrivals = steady.arrivals.flatMap((row) => arrival(row, (row.atMs - 5) / 1000));
  mkdirSync(join(dir, 'evidence'), { recursive: true });
  const own = { ...record, peers: [], ...change.more };
  await writeRecord(dir, { record: own });
  writeFileSync(evidencePaths(dir).requests(0), encode(requestColumns(requests), requestFields));
  const threads = change.sinkThreads ?? 1;
  for (let thread = 0; thread < threads; thread++) {
    const own = arrivals.filter((_, i) => i % threads === thread);
    const file = thread === 0 ? evidencePaths(dir).arrivals : join(dir, 'evidence', `arrivals-${thread}.bin`);
    writeFileSync(file, encode(arrivalColumns(own), arrivalFields));
  }
  const report = await judgeEvidence(dir, own);
  const { fault } = change;
  const order = {
    purpose: 'classify' as const,
    ratePerS: 1000,
    measureS: seconds - warmupS,
    ...(fault === undefined ? {} : { variant: { name: fault, fault } }),
  };
  return observeTrial(dir, { order, report, costS: 60, vary: 'spans' });
}

const stalled = (dueS: number) => dueS > 20 && dueS <= 23;

describe('a trial, from its evidence on disk', () => {
  test('a steady one passes every goal, with what was seen beside it', async () => {
    const processes = [10, 20, 30].map((atS) => ({ member: 'c', atS, cpuCores: 0.05, rssBytes: 1 }));
    const seen = await outcomeOf({ more: { processes } });
    expect([seen.status, seen.reason]).toEqual(['pass', 'every goal holds']);
    expect(seen).toMatchObject({ ratePerS: 1000, acknowledgedPerS: 1000, costS: 60 });
    expect(seen.p99Ms).toBeCloseTo(2, 1);
    expect(seen.cpuSPerMillion).toBeCloseTo(50, 1);
    expect(seen.goals.map(({ name, hard }) => [name, hard])).toEqual([
      ['ack_duration p(95)<10', false],
      ['ack_duration p(99)<10', false],
      ['answered', false],
      ['backlog', false],
      ['ack_duration max<60', false],
      ['loss', true],
      ['drain', true],
      ['restarts', true],
      ['items_lost count==0', true],
    ]);
  });

  test('what all threads of the sink saw has arrived', async () => {
    const { status, goals } = await outcomeOf({ sinkThreads: 3 });
    expect([status, goals]).toEqual(['pass', (await outcomeOf({})).goals]);
  });

  test('what is slow in the warmup is not counted', async () => {
    const seen = await outcomeOf({ request: (row, dueS) => (dueS <= warmupS ? { ...row, ackMs: 40 } : row) });
    expect(seen.status).toBe('pass');
  });

  test('a target that stalls fails: what its full in-flight bound kept from going is charged to it', async () => {
    const seen = await outcomeOf({
      request: (row, dueS) => (stalled(dueS) ? { ...row, kind: 'missedByTarget' } : row),
      arrival: (row, dueS) => (stalled(dueS) ? [] : [row]),
    });
    expect(seen.status).not.toBe('invalid');
    expect(seen.goals.filter(({ verdict }) => verdict !== 'pass').map(({ name }) => name)).toContain(
      'answered',
    );
    expect(seen.status).toBe('fail');
  });

  test('a generator that left out the same is invalid', async () => {
    const seen = await outcomeOf({
      request: (row, dueS) => (stalled(dueS) ? { ...row, kind: 'missedByGenerator' } : row),
      arrival: (row, dueS) => (stalled(dueS) ? [] : [row]),
    });
    expect([seen.status, seen.reason]).toEqual(['invalid', expect.stringContaining('left out 6.67 %')]);
  });

  test('a queue that answers at once and falls behind by 5 % has a backlog that grows', async () => {
    const seen = await outcomeOf({ arrival: (row, dueS) => [{ ...row, atMs: row.atMs + 50 * dueS }] });
    expect([seen.status, seen.reason]).toEqual([
      'fail',
      expect.stringMatching(/^backlog: .* grows by (4[5-9]|5\d) items/),
    ]);
  });

  test('one item that was acknowledged and never came fails, whatever else', async () => {
    const seen = await outcomeOf({ arrival: (row) => [row.from === 30_000 ? { ...row, count: 9 } : row] });
    expect([seen.status, seen.reason]).toEqual(['fail', expect.stringContaining('loss: 1 of 45000')]);
  });

  test('a member that was started twice fails', async () => {
    const starts = [0, 10e9].map((atNs) => ({ atNs, pid: 1 }));
    const members = [{ name: 'c', group: 'c', version: '', lossyComponents: [], starts }];
    expect((await outcomeOf({ more: { members } })).reason).toContain('restarts: 1');
  });

  test('what a fault strikes down at its start is its own matter, what is lost after the warmup is not', async () => {
    const starts = [0, 1e9].map((atNs) => ({ atNs, pid: 1 }));
    const more = { members: [{ name: 'c', group: 'c', version: '', lossyComponents: [], starts }] };
    const lose = (from: number) => (row: ArrivalRow) => [row.from === from ? { ...row, count: 9 } : row];
    const early = await outcomeOf({ arrival: lose(1000), more, fault: 'dead' });
    expect([early.status, early.reason]).toEqual(['pass', 'every goal holds']);
    const late = await outcomeOf({ arrival: lose(30_000), more, fault: 'dead' });
    expect([late.status, late.reason]).toEqual(['fail', expect.stringContaining('loss: 1 of')]);
  });
});
