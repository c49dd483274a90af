import { describe, expect, test } from 'vitest';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  type EvidenceOptions,
  entryPlan,
  judgeInput,
  killRecord,
  ledgerCounts,
  runRecord,
  slo,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

const { requests, arrivals } = steadyRows(10);

function actual(
  options: EvidenceOptions,
  measure: string,
  text: string,
  more: Parameters<typeof slo>[2] = {},
) {
  return judgeRun(judgeInput({ ...options, slos: [slo(measure, text, more)] })).slos[0];
}

describe('durations', () => {
  const spread = { requests: requests.map((row, i) => ({ ...row, ackMs: i + 1 })) };
  test.each([
    ['min<10', 1],
    ['max<10', 1000],
    ['avg<10', 500.5],
    ['med<10', 500],
    ['p(95)<10', 950],
    ['p(99.9)<10', 999],
  ])('%s is %f', (text, expected) => {
    expect(Number(actual(spread, 'ack_duration', text)?.actual) / expected).toBeCloseTo(1, 3);
  });

  test('a percentile has an exact 95 %% interval on requests, in ms', () => {
    const [low, high] = actual(spread, 'ack_duration', 'p(95)<10')?.interval ?? [];
    expect(Number(low) / 936).toBeCloseTo(1, 2);
    expect(Number(high) / 963).toBeCloseTo(1, 2);
    expect(actual(spread, 'ack_duration', 'max<10')).not.toHaveProperty('interval');
    expect(actual(spread, 'delivery_duration', 'p(95)<10')).not.toHaveProperty('interval');
  });

  test('few requests do not bound a high percentile from above', () => {
    const few = {
      requests: spread.requests.slice(0, 20),
      record: runRecord({ ended: { kind: 'interrupted' } }),
    };
    expect(actual(few, 'ack_duration', 'p(99)<1')?.interval?.[1]).toBe(null);
  });

  test('delivery is by item, from due to the first arrival, and names what never came', () => {
    const seen = arrivals.map((row, i) => ({ ...row, atMs: row.atMs + (i < 500 ? 0 : 45) }));
    const twice = [...seen, ...seen.map((row) => ({ ...row, atMs: row.atMs + 10_000 }))];
    expect(actual({ arrivals: twice }, 'delivery_duration', 'p(50)<10')?.actual).toBeCloseTo(5, 2);
    expect(actual({ arrivals: twice }, 'delivery_duration', 'max<100')?.actual).toBe(50);
    expect(actual({ arrivals: seen.slice(10) }, 'delivery_duration', 'p(50)<100')?.reason).toContain(
      '100 items due',
    );
  });
});

describe('rates', () => {
  test('are over the time in which the load in scope ran', () => {
    const late = entryPlan('spans', { startNs: 5e9 });
    const rows = requests.filter(({ dueMs }) => dueMs > 5000);
    const record = runRecord({ entries: [late, entryPlan('logs', { signal: 'logs', streams: [2] })] });
    expect(
      actual({ record, requests: rows }, 'offered_rate', 'value>0', { tags: { signal: 'traces' } })?.actual,
    ).toBe(1000);
  });

  test('leave the warmup out', () => {
    const slow = requests.filter(({ dueMs }, i) => dueMs > 5000 || i % 2 === 0);
    const record = runRecord({ warmupMs: 5000 });
    expect(actual({ record, requests: slow }, 'acknowledged_rate', 'value>0')?.actual).toBe(1000);
  });

  test('refused_ratio = (rejected + refused + unknown) / offered', () => {
    const kinds = ['acknowledged', 'refused', 'unknown', 'missedByTarget'] as const;
    const mixed = requests.map((row, i) => ({
      ...row,
      kind: kinds[i % 4] ?? 'acknowledged',
      rejected: i % 4 === 0 ? 4 : 0,
    }));
    expect(actual({ requests: mixed }, 'refused_ratio', 'rate<1')?.actual).toBeCloseTo((4 + 10 + 10) / 30, 9);
  });
});

describe('counts', () => {
  const gone = { arrivals: arrivals.filter(({ from }) => from < 4000 || from >= 4100) };
  const killed = { ...gone, record: runRecord({ faults: [killRecord(4050, 4200)] }) };

  test('over the run are the ledger’s, warmup included', () => {
    expect(actual({ ...gone, record: runRecord({ warmupMs: 5000 }) }, 'items_lost', 'count==0')?.actual).toBe(
      100,
    );
  });

  test.each([
    ['before:kill', 50],
    ['during:kill', 50],
    ['after:kill', 0],
  ])('lost in %s: %i, by when the items were due', (window, lost) => {
    expect(actual(killed, 'items_lost', 'count==0', { window })?.actual).toBe(lost);
  });

  test('of a request that rejected n of its items, n are taken off once, however many gaps it has', () => {
    const partial = {
      ...killed,
      requests: requests.map((row) => (row.from === 4000 ? { ...row, rejected: 3 } : row)),
    };
    const gap = (from: number, to: number) => {
      const due = { dueFromS: 4.01, dueToS: 4.01 };
      return {
        load: 'spans',
        worker: 0,
        from,
        to,
        count: to - from + 1,
        ...due,
        fault: 'kill',
        ambiguous: 3,
      };
    };
    const counts = ledgerCounts({ due: 1e4, offered: 1e4, acknowledged: 9997, rejected: 3, lost: 5 });
    const ledger = {
      bySignal: { traces: { ...counts, lostIntervals: [gap(4000, 4003), gap(4006, 4009)] } },
      byLoad: {},
      oddities: [],
    };
    const options = { ...partial, ledger };
    expect(actual(options, 'items_lost', 'count==0', { window: 'before:kill' })?.actual).toBe(5);
    expect(actual(options, 'items_lost', 'count==0', { window: 'after:kill' })?.actual).toBe(0);
    expect(judgeRun(judgeInput(options)).faults[0]?.lost).toBe(5);
  });

  test('that the ledger does not know are unknown, whatever the arrivals say', () => {
    const nan = ledgerCounts({
      due: 10,
      offered: 10,
      acknowledged: 10,
      delivered: Number.NaN,
      lost: Number.NaN,
    });
    const ledger = {
      bySignal: { traces: nan },
      byLoad: { spans: nan },
      oddities: [],
      unknown: { traces: 'ids rewritten' },
    };
    for (const name of ['lost', 'delivered', 'undelivered', 'duplicated'])
      for (const window of ['run', 'before:kill'])
        expect(actual({ ...killed, ledger }, `items_${name}`, 'count>=0', { window })).toMatchObject({
          verdict: 'unknown',
          reason: 'ids rewritten',
        });
    for (const [measure, text] of [
      ['delivered_rate', 'value>=0'],
      ['delivery_duration', 'p(95)<10000'],
    ] as const)
      expect(actual({ ...killed, ledger }, measure, text)?.verdict).toBe('unknown');
    expect(() => JSON.stringify(judgeRun(judgeInput({ ...killed, ledger })))).not.toThrow();
  });

  test('of one load entry, or of a signal that is not there', () => {
    expect(actual(gone, 'items_lost', 'count==0', { tags: { load: 'spans' } })?.actual).toBe(100);
    expect(actual(gone, 'items_lost', 'count==0', { tags: { signal: 'logs' } })?.verdict).toBe('unknown');
    expect(actual(gone, 'items_due', 'count>0', { tags: { load: 'spans', signal: 'logs' } })?.verdict).toBe(
      'unknown',
    );
  });

  test('foreign and unexpected items have no due time', () => {
    expect(actual(killed, 'items_foreign', 'count==0')?.actual).toBe(0);
    expect(actual(killed, 'items_foreign', 'count==0', { window: 'before:kill' })?.verdict).toBe('unknown');
  });

  test('late is beyond lateAfter of the entry', () => {
    const slow = { arrivals: arrivals.map((row, i) => ({ ...row, atMs: row.atMs + (i < 3 ? 31_000 : 0) })) };
    const window = { window: 'before:kill' };
    const record = runRecord({ faults: [killRecord(5000, 5100)] });
    expect(actual({ ...slow, record }, 'items_late', 'count==0', window)?.actual).toBe(30);
  });
});

describe('time_to_recover', () => {
  const ask = (record: ReturnType<typeof runRecord>, text: string) =>
    actual({ record }, 'time_to_recover', text, { tags: { fault: 'kill' }, unit: 'ms' });
  const held = { ...killRecord(5000), intended: { startNs: 5e9, endNs: 6e9 } };

  test('from injection to recovery', () => {
    expect(ask(runRecord({ faults: [killRecord(5000, 6500)] }), 'value<2000')).toMatchObject({
      actual: 1500,
      verdict: 'pass',
    });
  });

  test('never seen: fails a limit shorter than it was watched, and else is unknown', () => {
    expect(ask(runRecord({ faults: [held] }), 'value<2000')).toMatchObject({ actual: null, verdict: 'fail' });
    expect(ask(runRecord({ faults: [held] }), 'value<20000')).toMatchObject({
      actual: null,
      verdict: 'unknown',
    });
  });

  test('of a fault that is not there', () => {
    expect(ask(runRecord(), 'value<2000')?.verdict).toBe('unknown');
  });
});
