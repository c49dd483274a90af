import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ackBoundsMs } from '../../../src/base/ack-bounds.ts';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { type LoadResult, startLoad } from '../../../src/load/engine.ts';
import { requestClass } from '../../../src/observe/evidence.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { answerStatus, type GrpcServer, startGrpcServer } from '../../fixtures/load/grpc-server.ts';
import { closedEntry, loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { partialSuccess, statusWithRetry } from '../../fixtures/load/protobuf-answers.ts';
import { type Row, readRecords, readRows } from '../../fixtures/load/records.ts';

let dir = '';
let server: GrpcServer | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-load-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(dir, { recursive: true });
});

async function begin(plan: Plan, answer?: Parameters<typeof startGrpcServer>[0]) {
  server = await startGrpcServer(answer);
  const endpoints = [{ member: 'a', otlp: { grpc: server.address, headers: {} } }];
  const load = await startLoad({ plan, endpoints, evidenceDir: dir });
  return { load, server };
}

async function runLoad(plan: Plan, answer?: Parameters<typeof startGrpcServer>[0]) {
  const { load, server: running } = await begin(plan, answer);
  load.go(systemClock.nowNs());
  try {
    return { ...(await load.done), rows: readRows(dir), server: running };
  } finally {
    await load.close();
  }
}

const sumOf = (rows: Row[]) => rows.reduce((sum, row) => sum + row.count, 0);
const itemsOf = (rows: Row[], which: number) => sumOf(rows.filter((row) => row.class === which));

const wasSent = (row: Row) => row.attempts > 0;

/**
 * What holds however slow the machine is: every due item is in one record and in one class, and nothing is missed on
 * the generator's account unless it was late.
 */
function expectAccount(due: number, { counts, generator, rows }: LoadResult & { rows: Row[] }): void {
  const { missed, offered, acknowledged, rejected, refused, unknown } = counts;
  expect({ due: counts.due, recorded: sumOf(rows), ended: missed + offered }).toEqual({
    due,
    recorded: due,
    ended: due,
  });
  expect(acknowledged + rejected + refused + unknown).toBe(offered);
  expect(sumOf(rows.filter(wasSent))).toBe(offered);
  if (itemsOf(rows, requestClass.missedByGenerator) > 0) expect(generator.lateTicks).toBeGreaterThan(0);
}

test('spans over gRPC on two workers: every due item is acknowledged once, at its time, with a record', async () => {
  const plan = loadPlan([openEntry({ itemsPerS: 4000, durationMs: 510, streams: [1, 2] })]);
  const ended = await runLoad(plan);
  const { counts, rows, server: seen } = ended;
  expectAccount(2040, ended);
  expect(counts.acknowledged).toBe(counts.offered);
  expect(rows).toHaveLength(21);
  expect(seen.calls).toHaveLength(rows.filter(wasSent).length);
  for (const row of rows.filter(wasSent)) {
    expect(row.class).toBe(requestClass.acknowledged);
    expect(row.sendNs).toBeGreaterThanOrEqual(row.dueNs);
    expect(row.finalNs).toBeGreaterThan(row.sendNs);
  }
  const first = rows.filter((row) => row.stream === 1).sort((a, b) => a.from - b.from);
  expect(first.map((row) => row.from)).toEqual(first.map((_, i) => i * 100));
  expect(first[0]?.dueNs).toBe(25_000_000);
});

test('the same bytes in two runs of one plan, whatever the number of workers; another run id gives other ids', async () => {
  const entry = (signal: 'traces' | 'metrics' | 'logs', stream: number) =>
    closedEntry({
      spec: { name: signal, signal, batch: 70 },
      items: 701,
      durationMs: 60_000,
      streams: [stream],
    });
  const entries = [entry('traces', 1), entry('metrics', 2), entry('logs', 3)];
  const bytesOf = async (runId: string, workers: number) => {
    const plan = loadPlan(
      entries.map((one) => ({ ...one, workers })),
      runId,
    );
    const { server: seen } = await runLoad(plan);
    await seen.close();
    return seen.calls.map((call) => call.message.toString('hex')).sort();
  };
  const first = await bytesOf('run-1', 1);
  expect(first).toHaveLength(33);
  expect(await bytesOf('run-1', 1)).toEqual(first);
  expect(await bytesOf('run-1', 3)).toEqual(first);
  expect(await bytesOf('run-2', 1)).not.toEqual(first);
});

test('three workers: each writes down its share, and their counts and buckets are those of all records', async () => {
  const entry = { ...openEntry({ itemsPerS: 10_007, durationMs: 1000, streams: [1] }), workers: 3 };
  const { counts, rows } = await runLoad(loadPlan([entry]));
  expect(counts.due).toBe(10_007);
  expect([counts.acknowledged, counts.missed]).toEqual([
    itemsOf(rows, 0),
    itemsOf(rows, 3) + itemsOf(rows, 4),
  ]);
  const own = [0, 1, 2].map((worker) => readRecords(join(dir, `requests-${worker}.bin`)));
  expect(own.map(({ length }) => length)).toEqual([34, 34, 33]);
  expect(rows.map(({ from }) => from).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 101 }, (_, k) => k * 100),
  );
  for (const { from, count, dueNs } of rows) expect(dueNs).toBe(Math.ceil(((from + count) * 1e9) / 10_007));
  const latencies = rows.map((row) => (row.class === 0 ? (row.finalNs - row.dueNs) / 1e6 : Infinity));
  const below = [...ackBoundsMs, Infinity].map((bound) => latencies.filter((ms) => ms <= bound).length);
  expect(counts.ackMsBuckets).toEqual(below);
});

describe('one request, all its attempts', () => {
  const retry = { initialMs: 10, maxMs: 20, maxElapsedMs: 20_000 };
  const ok = requestClass.acknowledged;
  const { refused, unknown } = requestClass;
  type Step = number | 'silence' | 'reset' | 'partial';
  const rows: [Step[], typeof retry | 'none', { class: number; attempts: number; status: number }][] = [
    [[14, 14, 0], retry, { class: ok, attempts: 3, status: 0 }],
    [['silence', 0], retry, { class: ok, attempts: 2, status: 0 }],
    [['reset', 3], retry, { class: unknown, attempts: 2, status: 3 }],
    [[14, 3], retry, { class: refused, attempts: 2, status: 3 }],
    [[4, 13], retry, { class: unknown, attempts: 2, status: 13 }],
    [[14], 'none', { class: refused, attempts: 1, status: 14 }],
    [['silence'], 'none', { class: unknown, attempts: 1, status: -1 }],
    [[8], retry, { class: refused, attempts: 1, status: 8 }],
    [['partial'], retry, { class: ok, attempts: 1, status: 0 }],
    [[14, 'partial'], retry, { class: ok, attempts: 2, status: 0 }],
  ];
  test.each(rows)('%j with retry %j', async (steps, how, expected) => {
    // An answer may take as long as a busy machine needs; silence is waited out.
    const silent = steps.includes('silence');
    const timeoutMs = silent ? 500 : 20_000;
    const entry = openEntry({ spec: { retry: how, timeoutMs }, itemsPerS: 1000, durationMs: 100 });
    const { rows: records, counts } = await runLoad(loadPlan([entry]), (stream, _, number) => {
      const step = steps[Math.min(number, steps.length - 1)] ?? 13;
      if (step === 'silence') return;
      if (step === 'reset') stream.close(2);
      else if (step === 'partial') answerStatus(stream, 0, { body: partialSuccess(30, 'no') });
      else answerStatus(stream, step);
    });
    expect(records).toHaveLength(1);
    const rejected = steps.includes('partial') ? 30 : 0;
    const [record] = records;
    expect(record).toMatchObject({ class: expected.class, status: expected.status, rejected });
    // Where silence is waited out, an answer may come too late too: then there is one try more.
    if (silent && how !== 'none') expect(record?.attempts).toBeGreaterThanOrEqual(expected.attempts);
    else expect(record?.attempts).toBe(expected.attempts);
    expect(counts).toMatchObject({ due: 100, offered: 100, rejected });
    expect(counts.acknowledged).toBe(expected.class === ok ? 100 - rejected : 0);
  });

  test('RetryInfo: the next attempt waits as long as the server asks', async () => {
    const entry = openEntry({ spec: { retry }, itemsPerS: 1000, durationMs: 100 });
    const details = statusWithRetry(8, 300).toString('base64');
    const { rows: records } = await runLoad(loadPlan([entry]), (stream, _, number) => {
      if (number > 0) answerStatus(stream, 0);
      else answerStatus(stream, 8, { trailers: { 'grpc-status-details-bin': details } });
    });
    const [record] = records;
    expect(record).toMatchObject({ class: ok, attempts: 2 });
    expect((record?.finalNs ?? 0) - (record?.sendNs ?? 0)).toBeGreaterThanOrEqual(300e6);
  });

  test('retries end at maxElapsed, and the bound counts requests that wait for one', async () => {
    const spec = { retry: { ...retry, maxElapsedMs: 600 }, maxInFlight: 1 };
    const entry = openEntry({ spec, itemsPerS: 1000, durationMs: 300 });
    const ended = await runLoad(loadPlan([entry]), (stream) => answerStatus(stream, 14));
    expectAccount(300, ended);
    const tried = ended.rows.filter(wasSent).sort((a, b) => a.sendNs - b.sendNs);
    for (const [i, { class: ends, attempts, sendNs, finalNs }] of tried.entries()) {
      expect(ends).toBe(refused);
      expect(attempts).toBeGreaterThanOrEqual(2);
      expect(sendNs).toBeGreaterThanOrEqual(tried[i - 1]?.finalNs ?? 0);
      // No attempt begins after maxElapsed; the answer to the last one may take its time.
      expect(finalNs - sendNs).toBeLessThanOrEqual(5_000e6);
    }
    if (ended.generator.lateTicks === 0) expect(itemsOf(ended.rows, requestClass.missedByTarget)).toBe(200);
  });
});

test('a target that stalls fills the bound: what is due then is missed and charged to it', async () => {
  const entry = openEntry({ spec: { maxInFlight: 2, timeoutMs: 1500 }, itemsPerS: 2000, durationMs: 500 });
  const ended = await runLoad(loadPlan([entry]), () => {});
  const { counts, rows } = ended;
  expectAccount(1000, ended);
  expect(rows).toHaveLength(10);
  expect(counts.unknown).toBe(counts.offered);
  // One that a late generator has queued may find a free slot when the first have timed out.
  if (ended.generator.lateTicks === 0) expect(itemsOf(rows, requestClass.missedByTarget)).toBe(800);
  for (const row of rows.filter((one) => !wasSent(one))) {
    expect(row).toMatchObject({ attempts: 0, status: -1, sendNs: Number.NaN, finalNs: Number.NaN });
  }
});

test('latency counts from the due time: a stall of the target is in every answer it held up', async () => {
  const entry = openEntry({ spec: { batch: 10 }, itemsPerS: 1000, durationMs: 100 });
  let stall: Promise<unknown> | undefined;
  const { rows } = await runLoad(loadPlan([entry]), (stream) => {
    const overNs = systemClock.nowNs() + 100e6;
    const over = () => systemClock.nowNs() >= overNs || undefined;
    stall ??= waitFor(systemClock, { timeoutMs: 20_000, everyMs: 5 }, over);
    void stall.then(() => answerStatus(stream, 0));
  });
  const sent = rows.filter(wasSent).sort((a, b) => a.sendNs - b.sendNs);
  const first = sent[0]?.sendNs ?? Number.NaN;
  expect(first).toBeGreaterThanOrEqual(10e6);
  for (const { dueNs, finalNs } of sent)
    expect(finalNs - dueNs).toBeGreaterThanOrEqual(first + 100e6 - dueNs);
});

describe('closed: send exactly N', () => {
  test('all are sent, never more than the bound at once', async () => {
    const entry = closedEntry({
      spec: { maxInFlight: 4, timeoutMs: 20_000 },
      items: 2550,
      durationMs: 25_000,
      streams: [3, 4],
    });
    let inFlight = 0;
    let most = 0;
    const { counts, rows } = await runLoad(loadPlan([entry]), (stream) => {
      most = Math.max(most, ++inFlight);
      setTimeout(() => {
        inFlight--;
        answerStatus(stream, 0);
      }, 5);
    });
    expect(counts).toMatchObject({ due: 2550, acknowledged: 2550, missed: 0 });
    expect(rows).toHaveLength(26);
    expect(most).toBeLessThanOrEqual(4);
  });

  test('what is not sent when the time is over is missed by the target', async () => {
    const entry = closedEntry({ spec: { maxInFlight: 2, timeoutMs: 1000 }, items: 1000, durationMs: 900 });
    const ended = await runLoad(loadPlan([entry]), () => {});
    expectAccount(1000, ended);
    const { unknown, offered, missed } = ended.counts;
    expect(unknown).toBe(offered);
    expect(offered).toBeLessThanOrEqual(200);
    expect(itemsOf(ended.rows, requestClass.missedByTarget)).toBe(missed);
  });
});

test('stop: nothing further is due, retries that wait are given up, done resolves', async () => {
  const retry = { initialMs: 60_000, maxMs: 60_000, maxElapsedMs: 600_000 };
  const entry = openEntry({ spec: { retry }, itemsPerS: 1000, durationMs: 60_000 });
  const { load, server: running } = await begin(loadPlan([entry]), (stream) => answerStatus(stream, 14));
  load.go(systemClock.nowNs());
  await waitFor(
    systemClock,
    { timeoutMs: 20_000, everyMs: 10 },
    () => running.calls.length >= 3 || undefined,
  );
  load.stop();
  const { counts } = await load.done;
  await load.close();
  expect(counts.refused).toBeGreaterThanOrEqual(300);
  expect(counts.refused + counts.missed).toBe(counts.due);
  expect(counts.due).toBeLessThan(60_000);
});

test('a worker that cannot write its records makes the start fail', async () => {
  const plan = loadPlan([openEntry({ itemsPerS: 1000, durationMs: 100 })]);
  const start = startLoad({ plan, endpoints: [], evidenceDir: join(dir, 'missing') });
  await expect(start).rejects.toThrow(/worker 0 failed.*ENOENT/s);
});

test.skipIf(process.platform !== 'linux')('a full disk in mid-run makes done reject', async () => {
  symlinkSync('/dev/full', join(dir, 'requests-0.bin'));
  const { load } = await begin(loadPlan([openEntry({ itemsPerS: 1000, durationMs: 60_000 })]));
  load.go(systemClock.nowNs());
  await expect(load.done).rejects.toThrow(/worker 0 failed.*ENOSPC/s);
  await load.close();
});

test('close before the end makes done reject', async () => {
  const { load } = await begin(loadPlan([openEntry({ itemsPerS: 1000, durationMs: 60_000 })]));
  load.go(systemClock.nowNs());
  await load.close();
  await expect(load.done).rejects.toThrow();
});

test('an entry that starts later sends nothing before, and its times count from t = 0', async () => {
  const entry = openEntry({ itemsPerS: 1000, durationMs: 200, startNs: 300e6 });
  const { rows } = await runLoad(loadPlan([entry]));
  expect(rows.map((row) => row.dueNs).sort((a, b) => a - b)).toEqual([400e6, 500e6]);
  for (const row of rows.filter(wasSent)) expect(row.sendNs).toBeGreaterThanOrEqual(row.dueNs);
});
