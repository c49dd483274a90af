import { describe, expect, test } from 'vitest';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  goodPrometheus,
  judgeInput,
  killRecord,
  promqlSlo,
  runRecord,
  slo,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

describe('a quiet run', () => {
  const report = judgeRun(
    judgeInput({
      slos: [
        slo('ack_duration', 'p(95)<10'),
        slo('items_lost', 'count==0'),
        slo('items_undelivered', 'count==0'),
        slo('acknowledged_rate', 'value>=1000'),
        slo('delivery_duration', 'p(99)<6'),
      ],
    }),
  );

  test('passes with every number from the evidence', () => {
    expect(report.slos.map(({ name, actual, verdict }) => [name, actual, verdict])).toEqual([
      ['ack_duration', 2, 'pass'],
      ['items_lost', 0, 'pass'],
      ['items_undelivered', 0, 'pass'],
      ['acknowledged_rate', 1000, 'pass'],
      ['delivery_duration', 5, 'pass'],
    ]);
    expect([report.verdict, report.exitCode, report.findings]).toEqual(['pass', 0, []]);
  });

  test('has latency, rate, validity and a timeline', () => {
    expect(report.latency.traces?.ack).toMatchObject({ count: 1000, p50Ms: 2, p999Ms: 2, maxMs: 2 });
    expect(report.rate.traces).toEqual({
      intendedPerS: 1000,
      offeredPerS: 1000,
      acknowledgedPerS: 1000,
      deliveredPerS: 1000,
    });
    expect(report.validity).toMatchObject({ valid: true, offeredRatio: 1, missedByGenerator: 0 });
    const offered = report.timeline.series.find(({ name }) => name === 'offered traces');
    expect(offered?.points.slice(0, 2)).toEqual([
      [0, 1000],
      [1, 1000],
    ]);
  });
});

describe('a kill at 5 s that loses 40 acknowledged items', () => {
  const { requests, arrivals } = steadyRows(10);
  const gone = new Set([4970, 4980, 4990, 5000]);
  const kept = arrivals.filter(({ from }) => !gone.has(from));
  const during = requests.map((row) =>
    row.dueMs > 5010 && row.dueMs <= 5500 ? { ...row, kind: 'refused' as const } : row,
  );
  const delivered = kept.filter(({ from }) => from < 5010 || from >= 5500);
  const report = judgeRun(
    judgeInput({
      requests: during,
      arrivals: delivered,
      record: runRecord({ faults: [killRecord(5010, 5512)] }),
      slos: [
        slo('ack_duration', 'p(95)<10', { window: 'before:kill' }),
        slo('items_lost', 'count==0'),
        slo('items_lost', 'count==0', { name: 'lost after', window: 'after:kill' }),
        slo('ack_duration', 'p(95)<10', { name: 'latency in the kill', window: 'during:kill' }),
        slo('time_to_recover', 'value<1000', { tags: { fault: 'kill' }, unit: 'ms' }),
      ],
    }),
  );

  test('fails with the loss, and nothing else that it need not', () => {
    expect(report.slos.map(({ name, actual, verdict }) => [name, actual, verdict])).toEqual([
      ['ack_duration', 2, 'pass'],
      ['items_lost', 40, 'fail'],
      ['lost after', 0, 'pass'],
      ['latency in the kill', 'Infinity', 'fail'],
      ['time_to_recover', 502, 'pass'],
    ]);
    expect([report.verdict, report.exitCode]).toEqual(['fail', 1]);
    expect(report.findings[0]).toMatchObject({ code: 'ITEMS-LOST', severity: 'fail' });
  });

  test('bounds its windows by what was observed', () => {
    expect(report.windows.filter(({ name }) => name.endsWith(':kill'))).toEqual([
      { name: 'before:kill', fromS: 0, toS: 5.01 },
      { name: 'during:kill', fromS: 5.01, toS: 5.512 },
      { name: 'after:kill', fromS: 5.512, toS: 10 },
    ]);
  });
});

test('a promql SLO is judged by what Prometheus answered', () => {
  const answer = { for: 'queue', query: 'max(q)', atS: 10, value: 12, raw: {}, annotations: [] };
  const judged = judgeRun(
    judgeInput({
      slos: [promqlSlo('max(q)', 'value<1000')],
      record: runRecord({ prometheus: goodPrometheus({ answers: [answer] }) }),
    }),
  );
  expect(judged.slos[0]).toMatchObject({
    verdict: 'pass',
    actual: 12,
    query: 'max(q)',
    source: 'prometheus',
  });
});
