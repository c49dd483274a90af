import { describe, expect, test } from 'vitest';
import type { SloSpec } from '../../../src/scenario/types.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  columns,
  type EvidenceOptions,
  goodPrometheus,
  judgeInput,
  killRecord,
  ledgerCounts,
  promqlSlo,
  runRecord,
  slo,
  steadyRows,
  threshold,
} from '../../fixtures/run-evidence.ts';

const everyMeasure: SloSpec[] = [
  slo('ack_duration', 'p(95)<1000000'),
  slo('send_duration', 'max<1000000'),
  slo('delivery_duration', 'p(99)<1000000'),
  slo('offered_rate', 'value>=0'),
  slo('acknowledged_rate', 'value>=0'),
  slo('delivered_rate', 'value>=0'),
  slo('refused_ratio', 'rate<=1'),
  ...['due', 'missed', 'offered', 'acknowledged', 'rejected', 'refused', 'unknown'].map((name) =>
    slo(`items_${name}`, 'count>=0'),
  ),
  ...['delivered', 'lost', 'undelivered', 'duplicated', 'late'].map((name) =>
    slo(`items_${name}`, 'count>=0'),
  ),
  promqlSlo('max(q)', 'value>=0'),
];

function verdicts(options: EvidenceOptions) {
  const report = judgeRun(judgeInput(options));
  return { report, words: new Set(report.slos.map(({ verdict }) => verdict)) };
}

describe('law 1: no data is unknown, never pass', () => {
  test('a run that left nothing', () => {
    const ledger = { bySignal: {}, byLoad: {}, oddities: [] };
    const { report, words } = verdicts({ slos: everyMeasure, requests: [], arrivals: [], ledger });
    expect(words).toEqual(new Set(['unknown']));
    expect([report.verdict, report.exitCode]).toEqual(['unknown', 2]);
  });

  test('a run whose ledger is all zeros', () => {
    const ledger = { bySignal: { traces: ledgerCounts() }, byLoad: {}, oddities: [] };
    const { words } = verdicts({ slos: everyMeasure, requests: [], arrivals: [], ledger });
    expect(words).toEqual(new Set(['unknown']));
  });

  test('items_lost is unknown where nothing was acknowledged', () => {
    const requests = steadyRows(10).requests.map((row) => ({ ...row, kind: 'refused' as const }));
    const { report } = verdicts({ slos: [slo('items_lost', 'count==0')], requests, arrivals: [] });
    expect(report.slos[0]).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('acknowledged'),
    });
  });

  test('an empty window is unknown', () => {
    const record = runRecord({ faults: [killRecord(9000, 20_000)] });
    const slos = everyMeasure.map((one) => ({ ...one, window: 'after:kill' }));
    expect(verdicts({ slos, record }).words).toEqual(new Set(['unknown']));
  });

  test('a window of a fault that was never injected is unknown, and says so', () => {
    const record = runRecord({ faults: [{ ...killRecord(5000), observed: {}, verified: true }] });
    const { report } = verdicts({ slos: [slo('items_due', 'count>=0', { window: 'before:kill' })], record });
    expect(report.slos[0]).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('never injected'),
    });
  });

  test('a check that crashes is unknown', () => {
    const crash = {
      ...threshold('p(95)<10'),
      get aggregation(): 'avg' {
        throw new Error('boom');
      },
    };
    const slos = [slo('ack_duration', 'p(95)<10', { thresholds: [crash] })];
    expect(() => verdicts({ slos })).not.toThrow();
    expect(verdicts({ slos }).report.slos[0]).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('boom'),
    });
  });

  test('no SLO at all is unknown', () => {
    const { report } = verdicts({ slos: [] });
    expect([report.verdict, report.exitCode, report.findings[0]?.code]).toEqual(['unknown', 2, 'NO-SLO']);
  });

  test.each([
    ['pending items', { pending: 3 }],
    ['nothing acknowledged', { acknowledged: 0, due: 10 }],
  ])('%s leave items_lost unknown', (_, more) => {
    const counts = ledgerCounts({ due: 10, offered: 10, acknowledged: 10, ...more });
    const ledger = { bySignal: { traces: counts }, byLoad: { spans: counts }, oddities: [] };
    const { report } = verdicts({ slos: [slo('items_lost', 'count==0')], ledger });
    expect(report.slos[0]?.verdict).toBe('unknown');
  });

  test('a pipeline that alters items, or drops them on purpose without expect, has no loss and no pass', () => {
    const gone = { arrivals: steadyRows(10).arrivals.slice(0, 500) };
    const slos = [slo('items_lost', 'count==0'), slo('items_undelivered', 'count==0')];
    const canary = { signal: 'traces', protocol: 'grpc', sentNs: 0, altered: ['span_id rewritten'] } as const;
    const member = {
      name: 'c-0',
      group: 'c',
      version: '',
      lossyComponents: ['probabilistic_sampler'],
      starts: [],
    };
    for (const record of [
      runRecord({ canaries: [{ ...canary, altered: [...canary.altered] }] }),
      runRecord({ members: [member] }),
      runRecord({ sink: 'none' }),
    ]) {
      const { report, words } = verdicts({ slos, record, ...gone });
      expect(words).toEqual(new Set(['unknown']));
      expect(report.findings.map(({ code }) => code)).not.toContain('ITEMS-LOST');
    }
  });
});

describe('law 4: a stall cannot hide', () => {
  test('latency counts from the due time, not from the send', () => {
    const requests = steadyRows(10).requests.map((row) => ({ ...row, sendMs: row.dueMs + 300, ackMs: 301 }));
    const slos = [slo('ack_duration', 'p(50)<10'), slo('send_duration', 'p(50)<10')];
    const { report } = verdicts({ slos, requests });
    expect(report.slos.map(({ actual }) => actual)).toEqual([301, 1]);
  });

  test.each(['refused', 'unknown', 'missedByTarget'] as const)('a %s request is an infinite one', (kind) => {
    const requests = steadyRows(10).requests.map((row, i) => (i % 10 === 0 ? { ...row, kind } : row));
    const { report } = verdicts({ slos: [slo('ack_duration', 'p(95)<10')], requests });
    expect(report.slos[0]).toMatchObject({ verdict: 'fail', actual: 'Infinity' });
    expect(report.latency.traces?.ack).toMatchObject({ count: 1000, p50Ms: 2, p95Ms: 'Infinity' });
  });
});

describe('law 5: who missed', () => {
  const slos = [slo('ack_duration', 'p(50)<10'), slo('acknowledged_rate', 'value>=100000')];
  const missing = (kind: 'missedByGenerator' | 'missedByTarget') =>
    steadyRows(10).requests.map((row, i) => (i === 700 ? { ...row, kind } : row));

  test('a generator that missed makes the run not valid: nothing passes and nothing fails', () => {
    const { report, words } = verdicts({ slos, requests: missing('missedByGenerator') });
    expect(report.validity).toMatchObject({ valid: false, missedByGenerator: 10, missedByTarget: 0 });
    expect(words).toEqual(new Set(['unknown']));
    expect(report.exitCode).toBe(2);
  });

  test('a target that filled the in-flight bound does not', () => {
    const { report } = verdicts({ slos, requests: missing('missedByTarget') });
    expect(report.validity).toMatchObject({ valid: true, missedByGenerator: 0, missedByTarget: 10 });
    expect(report.slos.map(({ verdict }) => verdict)).toEqual(['pass', 'fail']);
    expect(report.findings.map(({ code }) => code)).toContain('TARGET-STALLED');
  });

  test.each<[string, Partial<ReturnType<typeof runRecord>['generator']>]>([
    ['late ticks', { lateTicks: 20 }],
    ['a starved thread', { cpuRatioMax: 0.99 }],
  ])('%s make it not valid', (_, generator) => {
    const record = runRecord({ generator: { lateTicks: 0, ticks: 1000, cpuRatioMax: 0.2, ...generator } });
    expect(verdicts({ slos, record }).words).toEqual(new Set(['unknown']));
  });

  test('requests that leave late make it not valid', () => {
    const requests = steadyRows(10).requests.map((row) => ({ ...row, sendMs: row.dueMs + 50, ackMs: 55 }));
    const { report } = verdicts({ slos, requests });
    expect(report.validity).toMatchObject({ valid: false, sendLagMs: { p50: 50, p99: 50, max: 50 } });
  });

  test('a loss found stays a loss, in a run that is not valid and in one whose fault had no effect', () => {
    const lost = {
      slos: [slo('items_lost', 'count==0'), ...slos],
      arrivals: steadyRows(10).arrivals.slice(1),
    };
    const noEffect = { ...killRecord(5000, 5100), verified: false };
    for (const options of [
      { ...lost, requests: missing('missedByGenerator') },
      { ...lost, record: runRecord({ faults: [noEffect] }) },
    ]) {
      const { report } = verdicts(options);
      expect(report.slos.map(({ verdict }) => verdict)).toEqual(['fail', 'unknown', 'unknown']);
      expect(report.exitCode).toBe(1);
    }
  });

  test.each(['items_undelivered', 'items_missed'])(
    '%s: what the generator missed is not held against the target',
    (name) => {
      const judged = (kind: 'missedByGenerator' | 'missedByTarget', gone = 0) => {
        const { requests, arrivals } = steadyRows(10);
        const rows = requests.map((row, i) => (i === 700 ? { ...row, kind } : row));
        const seen = arrivals.filter((_, i) => i !== 700 && i >= gone);
        return verdicts({ slos: [slo(name, 'count==0')], requests: rows, arrivals: seen }).report.slos[0]
          ?.verdict;
      };
      expect(judged('missedByGenerator')).toBe('unknown');
      expect(judged('missedByTarget')).toBe('fail');
      if (name === 'items_undelivered') expect(judged('missedByGenerator', 1)).toBe('fail');
    },
  );

  test('a fault without effect leaves every SLO unknown, and is named', () => {
    const { report, words } = verdicts({
      slos,
      record: runRecord({ faults: [{ ...killRecord(5000), verified: false }] }),
    });
    expect(words).toEqual(new Set(['unknown']));
    expect(report.findings.map(({ code }) => code)).toContain('FAULT-WITHOUT-EFFECT');
  });

  test('a planned fault of which no record was left has no effect either', () => {
    const record = runRecord({ faults: [killRecord(5000, 5100)] });
    expect(verdicts({ slos, record: { ...record, faults: [] } }).words).toEqual(new Set(['unknown']));
  });
});

describe('a run that was cut short', () => {
  const slos = [slo('ack_duration', 'p(95)<10'), slo('items_due', 'count<10')];
  test('interrupted: exit 130; what passed so far is unknown, what failed stays', () => {
    const { report } = verdicts({
      slos,
      record: runRecord({ ended: { kind: 'interrupted' } }),
      more: { interrupted: true },
    });
    expect(report.slos.map(({ verdict }) => verdict)).toEqual(['unknown', 'fail']);
    expect(report.exitCode).toBe(130);
  });

  test('a window that ended before the cut keeps its verdict', () => {
    const record = runRecord({ ended: { kind: 'interrupted' }, faults: [killRecord(5000, 5100)] });
    const { report } = verdicts({
      slos: [slo('ack_duration', 'p(95)<10', { window: 'before:kill' })],
      record,
    });
    expect(report.slos[0]?.verdict).toBe('pass');
  });

  test('by a stop condition: its SLO fails, the rest does not pass', () => {
    const ended = { kind: 'stop-condition', slo: 'items_unknown' } as const;
    const { report } = verdicts({
      slos: [slo('items_unknown', 'count==0'), ...slos],
      record: runRecord({ ended }),
    });
    expect(report.slos.map(({ verdict }) => verdict)).toEqual(['fail', 'unknown', 'fail']);
    expect(report.exitCode).toBe(1);
  });

  test('before a fault’s time: that fault is not one without effect', () => {
    const fault = { ...killRecord(50_000), observed: {}, verified: false };
    const record = runRecord({ ended: { kind: 'interrupted' }, faults: [fault] });
    const { report } = verdicts({ slos: [slo('items_due', 'count<10')], record });
    expect(report.slos[0]?.verdict).toBe('fail');
  });

  test('by a failure: exit 4', () => {
    const record = runRecord({ ended: { kind: 'failed', message: 'the sink ended' } });
    expect(verdicts({ slos, record }).report.exitCode).toBe(4);
  });

  test('with a fault left behind: exit 5 before all others', () => {
    const { report } = verdicts({ slos, more: { recoveryIncomplete: true, interrupted: true } });
    expect(report.exitCode).toBe(5);
    expect(report.findings[0]).toMatchObject({
      code: 'RECOVERY-INCOMPLETE',
      next: 'squall recover --run r1',
    });
  });
});

test('the sums of law 2 hold in the report, item by item', () => {
  const kinds = ['acknowledged', 'refused', 'unknown', 'missedByTarget'] as const;
  const requests = steadyRows(10).requests.map((row, i) => ({
    ...row,
    kind: kinds[i % 4] ?? 'acknowledged',
  }));
  const { report } = verdicts({ slos: everyMeasure, requests });
  const actual = (name: string) => Number(report.slos.find((one) => one.name === `items_${name}`)?.actual);
  expect(actual('due')).toBe(actual('missed') + actual('offered'));
  const ended = ['acknowledged', 'rejected', 'refused', 'unknown'].reduce(
    (sum, name) => sum + actual(name),
    0,
  );
  expect(actual('offered')).toBe(ended);
});

test('a measure that nobody knows is unknown', () => {
  const { report } = verdicts({ slos: [slo('bananas', 'count==0')] });
  expect(report.slos[0]).toMatchObject({ verdict: 'unknown', reason: 'no measure is named bananas' });
});

test('rows of streams that the plan does not know are nobody’s', () => {
  const stray = steadyRows(10).requests.map((row) => ({ ...row, stream: 99 }));
  const { report } = verdicts({ slos: [slo('ack_duration', 'p(95)<10')], requests: stray });
  expect(report.slos[0]?.verdict).toBe('unknown');
});

test('columns without rows are no rows', () => {
  expect(columns(['stream'], []).count).toBe(0);
  expect(goodPrometheus().available).toBe(true);
});
