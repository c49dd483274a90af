import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DurationHistogram } from '../../src/base/histogram.ts';
import { arrivalFields, type RunRecord, requestFields } from '../../src/observe/evidence.ts';
import type { SloSpec } from '../../src/scenario/types.ts';
import { joinDeliveries } from '../../src/verdict/deliveries.ts';
import { IntervalSet } from '../../src/verdict/interval-set.ts';
import { judgeRun } from '../../src/verdict/judge.ts';
import { requestTable } from '../../src/verdict/request-table.ts';
import { contains, findWindow, findWindows, ledgerContains } from '../../src/verdict/windows.ts';
import {
  arrivalColumns,
  columns,
  entryPlan,
  goodPrometheus,
  judgeInput,
  killRecord,
  ledgerCounts,
  naiveLedger,
  promqlSlo,
  type RequestRow,
  requestColumns,
  runRecord,
  slo,
} from '../fixtures/run-evidence.ts';
import { runs } from '../fixtures/runs.ts';

const inf = Number.POSITIVE_INFINITY;
const kind = fc.constantFrom('acknowledged', 'refused', 'unknown', 'missedByGenerator', 'missedByTarget');

/** Consecutive requests of one stream, in due order. */
const requests = fc
  .array(
    fc.record({ count: fc.integer({ min: 1, max: 20 }), gapMs: fc.nat(500), kind, ackMs: fc.nat(3000) }),
    {
      maxLength: 60,
    },
  )
  .map((rows) => {
    let from = 0;
    let dueMs = 0;
    return rows.map(({ count, gapMs, ...rest }): RequestRow => {
      dueMs += gapMs;
      const row = { from, count, dueMs, ...rest } as RequestRow;
      from += count;
      return row;
    });
  });

const arrivals = fc.array(
  fc.record({
    from: fc.nat(400),
    count: fc.integer({ min: 1, max: 60 }),
    atMs: fc.nat(20_000),
    accepted: fc.boolean(),
  }),
  { maxLength: 60 },
);

const durations = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 1e13 }), fc.integer({ min: 0, max: 5000 }), fc.constant(inf)),
  { minLength: 1, maxLength: 300 },
);

test('forall durations, p: the percentile is the sorted value at ceil(p n), within 3 figures, infinities included', () => {
  fc.assert(
    fc.property(durations, fc.integer({ min: 0, max: 1000 }), (values, tenths) => {
      const histogram = new DurationHistogram();
      for (const value of values) histogram.record(value);
      const rank = Math.max(1, Math.ceil((tenths * values.length) / 1000));
      const exact = values.toSorted((a, b) => a - b)[rank - 1] ?? Number.NaN;
      const found = histogram.percentile(tenths / 10) ?? Number.NaN;
      if (exact === inf) expect(found).toBe(inf);
      else expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact / 1000 + 1e-9);
    }),
    { numRuns: runs(500) },
  );
});

test('forall two sets of durations: merged is as if recorded in one', () => {
  fc.assert(
    fc.property(durations, durations, (left, right) => {
      const [one, other, both] = [new DurationHistogram(), new DurationHistogram(), new DurationHistogram()];
      for (const value of left) one.record(value);
      for (const value of right) other.record(value);
      for (const value of [...left, ...right]) both.record(value);
      one.merge(other);
      for (const percent of [0, 50, 95, 99, 99.9, 100])
        expect(one.percentile(percent)).toBe(both.percentile(percent));
      expect([one.count, one.infinite, one.min, one.max]).toEqual([
        both.count,
        both.infinite,
        both.min,
        both.max,
      ]);
    }),
  );
});

test('forall runs and faults: before, during and after hold every request due in the run, each exactly once', () => {
  const bound = fc.option(fc.nat(30_000), { nil: undefined });
  fc.assert(
    fc.property(requests, fc.nat(30_000), bound, fc.nat(5000), (rows, injectedMs, lengthMs, warmupMs) => {
      const fault = killRecord(injectedMs, lengthMs === undefined ? undefined : injectedMs + lengthMs);
      const record = runRecord({ faults: [fault], warmupMs });
      const table = requestTable(record.plan, [requestColumns(rows)]);
      const windows = findWindows(record, table);
      const run = findWindow(windows, 'run');
      const parts = ['before:kill', 'during:kill', 'after:kill'].flatMap(
        (name) => findWindow(windows, name) ?? [],
      );
      for (const due of table.dueNs) {
        const holding = parts.filter((part) => contains(part, due)).length;
        expect(holding).toBe(run !== undefined && contains(run, due) ? 1 : 0);
        const counted = parts.filter((part) => ledgerContains(part, due)).length;
        if (injectedMs > warmupMs)
          expect(counted).toBe(run !== undefined && ledgerContains(run, due) ? 1 : 0);
      }
    }),
  );
});

test('forall intervals added in any order: what was already in is what a set of integers says', () => {
  const pairs = fc.array(fc.tuple(fc.nat(60), fc.nat(12)), { maxLength: 40 });
  fc.assert(
    fc.property(pairs, (list) => {
      const set = new IntervalSet();
      const naive = new Set<number>();
      for (const [from, length] of list) {
        const already = new Set<number>();
        for (const [a, b] of set.add(from, from + length)) for (let n = a; n < b; n++) already.add(n);
        const expected = new Set<number>();
        for (let n = from; n < from + length; n++) if (naive.has(n)) expected.add(n);
        for (let n = from; n < from + length; n++) naive.add(n);
        expect(already).toEqual(expected);
      }
    }),
  );
});

test('forall requests and arrivals: delivered, duplicated and first arrivals are what counting item by item gives', () => {
  fc.assert(
    fc.property(requests, arrivals, (rows, seen) => {
      const table = requestTable(runRecord().plan, [requestColumns(rows)]);
      const joined = joinDeliveries(table, arrivalColumns(seen));
      const ledger = naiveLedger(rows, seen).bySignal.traces;
      const sum = (values: Int32Array) => values.reduce((all, value) => all + value, 0);
      expect(sum(joined.deliveredOf)).toBe(ledger?.delivered);
      expect(sum(joined.items)).toBe(ledger?.delivered);
      expect(sum(joined.repeatedOf)).toBe(ledger?.duplicated);
      const firstMs = new Map<number, number>();
      for (const { from, count, atMs, accepted } of seen)
        for (let n = from; n < from + count; n++)
          if (accepted) firstMs.set(n, Math.min(firstMs.get(n) ?? inf, atMs));
      const last = rows.at(-1);
      const end = last === undefined ? 0 : last.from + (last.count ?? 0);
      const expected = [...firstMs].filter(([n]) => n < end).reduce((all, [, ms]) => all + ms, 0);
      const found = joined.items.reduce(
        (all, items, j) => all + (items * (joined.arrivalNs[j] ?? 0)) / 1e6,
        0,
      );
      expect(found).toBeCloseTo(expected, 3);
    }),
  );
});

test('forall runs: counts in before, during and after add up to the counts of the run', () => {
  const names = ['due', 'offered', 'acknowledged', 'delivered', 'lost', 'undelivered', 'duplicated', 'late'];
  fc.assert(
    fc.property(requests, arrivals, fc.nat(20_000), (rows, seen, injectedMs) => {
      const parts = ['run', 'before:kill', 'during:kill', 'after:kill'];
      const slos = names.flatMap((name) =>
        parts.map((window) => slo(`items_${name}`, 'count>=0', { window, name: `${name} ${window}` })),
      );
      const record = runRecord({ faults: [killRecord(injectedMs, injectedMs + 2000)] });
      const report = judgeRun(judgeInput({ requests: rows, arrivals: seen, slos, record }));
      const value = (name: string) => report.slos.find((one) => one.name === name)?.actual ?? 0;
      for (const name of names) {
        const whole = value(`${name} run`);
        const summed = parts.slice(1).reduce((all, part) => all + Number(value(`${name} ${part}`)), 0);
        if (name !== 'late') expect([name, summed]).toEqual([name, whole]);
      }
    }),
    { numRuns: runs(50) },
  );
});

const wild = fc.double({ noDefaultInfinity: false });
const record = fc
  .record({
    complete: fc.constantFrom('complete', 'interrupted', 'stop-condition', 'failed'),
    injected: fc.option(wild, { nil: undefined }),
    recovered: fc.option(wild, { nil: undefined }),
    verified: fc.boolean(),
    coverage: fc.option(wild, { nil: null }),
    value: fc.option(wild, { nil: null }),
    cpu: wild,
    warmupMs: fc.nat(20_000),
    sink: fc.constantFrom<'own' | 'none'>('own', 'none'),
  })
  .map((given): RunRecord => {
    const fault = killRecord(1000);
    const ended: Record<string, RunRecord['ended']> = {
      complete: { kind: 'complete' },
      interrupted: { kind: 'interrupted' },
      'stop-condition': { kind: 'stop-condition', slo: 'items_lost' },
      failed: { kind: 'failed', message: 'x' },
    };
    const answer = { for: 'queue', query: 'q', atS: 0, value: given.value, raw: null, annotations: ['note'] };
    return runRecord({
      entries: [entryPlan('spans'), entryPlan('logs', { signal: 'logs', streams: [2] })],
      warmupMs: given.warmupMs,
      ended: ended[given.complete] ?? { kind: 'complete' },
      sink: given.sink,
      faults: [
        {
          ...fault,
          verified: given.verified,
          observed: {
            ...(given.injected === undefined ? {} : { injectedNs: given.injected }),
            ...(given.recovered === undefined ? {} : { recoveredNs: given.recovered }),
          },
        },
      ],
      generator: { lateTicks: 0, ticks: 0, cpuRatioMax: given.cpu },
      prometheus: goodPrometheus({ coverage: given.coverage, answers: [answer] }),
    });
  });

const measureNames = [
  'ack_duration',
  'send_duration',
  'delivery_duration',
  'offered_rate',
  'acknowledged_rate',
  'delivered_rate',
  'refused_ratio',
  'time_to_recover',
  ...['due', 'missed', 'offered', 'lost', 'undelivered', 'duplicated', 'late', 'foreign'].map(
    (n) => `items_${n}`,
  ),
  'no_such_measure',
];
const sloSpec: fc.Arbitrary<SloSpec> = fc
  .record({
    measure: fc.constantFrom(...measureNames),
    text: fc.constantFrom('p(95)<10', 'avg<10', 'max<10', 'count==0', 'value>=0', 'rate<1', 'med<1'),
    window: fc.constantFrom('run', 'spans', 'before:kill', 'during:kill', 'after:kill', 'nowhere', ''),
    tags: fc.constantFrom(
      {},
      { signal: 'traces' },
      { signal: 'metrics' },
      { load: 'spans' },
      { fault: 'kill' },
    ),
  })
  .map(({ measure, text, ...more }) => slo(measure, text, more));

test('forall evidence, however wild: judging gives a whole report, and nothing due means nothing passes', () => {
  const rows = fc.array(fc.array(wild, { minLength: 10, maxLength: 10 }), { maxLength: 20 });
  fc.assert(
    fc.property(record, rows, rows, fc.array(sloSpec, { maxLength: 6 }), (given, sent, seen, slos) => {
      const report = judgeRun({
        ...judgeInput({ record: given, slos: [...slos, promqlSlo('q', 'value<1')] }),
        requests: [columns(requestFields, sent)],
        arrivals: columns(arrivalFields, seen),
        ledger: { bySignal: {}, byLoad: {}, oddities: [] },
      });
      expect(report.slos).toHaveLength(slos.length + 1);
      expect([0, 1, 2, 4, 130]).toContain(report.exitCode);
      expect(() => JSON.parse(JSON.stringify(report))).not.toThrow();
      for (const result of report.slos) if (result.verdict === 'pass') expect(result.actual).not.toBe(null);
    }),
    { numRuns: runs(300) },
  );
});

test('forall records, forall SLOs on measures: without one due item no SLO passes', () => {
  fc.assert(
    fc.property(record, fc.array(sloSpec, { minLength: 1, maxLength: 6 }), (given, slos) => {
      const zero = { traces: ledgerCounts(), logs: ledgerCounts() };
      const ledger = {
        bySignal: zero,
        byLoad: { spans: ledgerCounts(), logs: ledgerCounts() },
        oddities: [],
      };
      const report = judgeRun(judgeInput({ record: given, requests: [], arrivals: [], slos, ledger }));
      expect(report.slos.map(({ verdict }) => verdict)).not.toContain('pass');
      expect(report.verdict).not.toBe('pass');
      expect(report.exitCode).not.toBe(0);
    }),
    { numRuns: runs(300) },
  );
});

test('forall evidence: the same evidence gives the same report', () => {
  fc.assert(
    fc.property(requests, arrivals, (rows, seen) => {
      const judge = () =>
        judgeRun(judgeInput({ requests: rows, arrivals: seen, slos: [slo('items_lost', 'count==0')] }));
      expect(JSON.stringify(judge())).toBe(JSON.stringify(judge()));
    }),
    { numRuns: runs(30) },
  );
});
