import { describe, expect, test } from 'vitest';
import type { PrometheusRecord } from '../../../src/observe/evidence.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import {
  goodPrometheus,
  judgeInput,
  killRecord,
  runRecord,
  slo,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

function answer(name: string, value: number | null): PrometheusRecord['answers'][number] {
  return { for: name, query: 'q', atS: 10, value, raw: null, annotations: [] };
}

function judged(options: {
  p95?: number | null;
  accepted?: number | null;
  counters?: Partial<PrometheusRecord['counters']>;
  more?: Partial<PrometheusRecord>;
  record?: Parameters<typeof runRecord>[0];
  arrivals?: ReturnType<typeof steadyRows>['arrivals'];
}) {
  const { p95 = 2.4, accepted = 10_000, more, counters } = options;
  const prometheus = goodPrometheus({
    answers: [answer('headline p95', p95), answer('headline accepted traces', accepted)],
    counters: { accepted: 10_000, sent: 10_000, sendFailed: 0, enqueueFailed: 0, refused: 0, ...counters },
    ...more,
  });
  const record = runRecord({ prometheus, ...options.record });
  const input = judgeInput({
    record,
    slos: [slo('ack_duration', 'p(95)<10')],
    ...(options.arrivals === undefined ? {} : { arrivals: options.arrivals }),
  });
  const report = judgeRun(input);
  const pair = (name: string) => report.headline?.find((one) => one.name === name);
  const disagreements = report.findings.filter(({ code }) => code === 'HEADLINE-DISAGREES');
  return { report, pair, disagreements };
}

test('both values stand side by side and agree', () => {
  const { pair, disagreements } = judged({});
  expect(pair('P95 ack')).toMatchObject({ client: 2, prometheus: 2.4, agree: true });
  expect(pair('acknowledged rate traces')).toMatchObject({
    client: 1000,
    prometheus: 1000,
    error: 200,
    agree: true,
  });
  expect(pair('loss')).toMatchObject({ client: 0, prometheus: 0, error: 0, agree: true });
  expect(disagreements).toEqual([]);
});

describe('a disagreement beyond the stated error is a finding', () => {
  test.each<[string, Parameters<typeof judged>[0], string]>([
    ['a P95 in another bucket', { p95: 0.4 }, 'P95 ack'],
    ['a rate two scrapes cannot explain', { accepted: 7000 }, 'acknowledged rate traces'],
    ['items that the counters lost and the ledger did not', { counters: { sent: 9990 } }, 'loss'],
    ['send failures where the ledger has no loss', { counters: { sent: 9990, sendFailed: 10 } }, 'loss'],
    ['a loss that the counters deny', { arrivals: steadyRows(10).arrivals.slice(1) }, 'loss'],
  ])('%s', (_, options, name) => {
    const { pair, disagreements } = judged(options);
    expect(pair(name)?.agree).toBe(false);
    expect(disagreements).toHaveLength(1);
    expect(disagreements[0]?.sentence).toContain(name);
  });
});

describe('what the way of counting must miss is no disagreement', () => {
  test('5: after a kill, up to a scrape interval of items per restart', () => {
    const starts = [
      { atNs: 0, pid: 1 },
      { atNs: 5e9, pid: 2 },
    ];
    const member = { name: 'c-0', group: 'c', version: '', lossyComponents: [], starts };
    const record = { members: [member], faults: [killRecord(5000, 5100)] };
    const { pair } = judged({ counters: { accepted: 9400, sent: 9000 }, record });
    expect(pair('loss')).toMatchObject({ client: 0, prometheus: 400, error: 1010, agree: true });
    expect(judged({ counters: { accepted: 9400, sent: 8000 }, record }).pair('loss')?.agree).toBe(false);
  });

  test('slow requests of the second before a short window, which its first scrape takes in', () => {
    expect(judged({ p95: 8 }).pair('P95 ack')).toMatchObject({ client: 2, prometheus: 8, agree: true });
  });

  test('a canary received before t = 0 and exported after it', () => {
    const canary = { signal: 'traces' as const, protocol: 'grpc', sentNs: -1e9, arrivedNs: 1e6, altered: [] };
    const { pair } = judged({ counters: { sent: 10_001 }, record: { canaries: [canary] } });
    expect(pair('loss')).toMatchObject({ client: 0, prometheus: -1, error: 1, agree: true });
  });

  test('a reload begins the counters anew, and a burst can hide it', () => {
    const expiry = { ...killRecord(5000, 5100), name: 'expiry', kind: 'tls-expiry' };
    const { pair, disagreements } = judged({ counters: { sent: 8500 }, record: { faults: [expiry] } });
    expect(pair('loss')).toMatchObject({ client: 0, prometheus: 1500, agree: null });
    expect(pair('loss')?.reason).toContain('expiry');
    expect(disagreements).toEqual([]);
  });

  test('items that the queue could not take and the receiver refused for it were never accepted', () => {
    const { pair, report } = judged({ counters: { enqueueFailed: 700, refused: 900 } });
    expect(report.counters.unexplained).toBe(0);
    expect(pair('loss')).toMatchObject({ client: 0, prometheus: 0, agree: true });
    const dropped = judged({ counters: { sent: 9300, enqueueFailed: 700, refused: 900 } });
    expect(dropped.report.counters.unexplained).toBe(0);
    expect(dropped.pair('loss')?.agree).toBe(false);
  });

  test('other senders on a pipeline that is not ours', () => {
    const { pair, disagreements } = judged({ accepted: 90_000, record: { targetKind: 'external' } });
    expect(pair('acknowledged rate traces')).toMatchObject({ agree: null });
    expect(disagreements).toEqual([]);
  });

  test('16: counters that still move are not compared', () => {
    const { pair, report } = judged({ counters: { sent: 9000 }, more: { moving: true } });
    expect(pair('loss')).toMatchObject({ prometheus: null, agree: null });
    expect(report.counters.unexplained).toBe(null);
  });
});

test('a missing value, or a Prometheus that cannot judge, leaves it open', () => {
  expect(judged({ p95: null }).pair('P95 ack')).toMatchObject({
    agree: null,
    reason: 'Prometheus gave no value',
  });
  const blind = judged({ p95: 8, more: { coverage: 0.5 } });
  expect(blind.pair('P95 ack')?.agree).toBe(null);
  expect(blind.disagreements).toEqual([]);
  expect(judged({ counters: { accepted: null } }).pair('loss')?.agree).toBe(null);
  expect(judged({ more: { available: false } }).report.headline).toEqual([]);
});

test('unexplained = accepted - sent - sendFailed - enqueueFailed', () => {
  const { report } = judged({ counters: { accepted: 100, sent: 80, sendFailed: 5, enqueueFailed: 3 } });
  expect(report.counters.unexplained).toBe(12);
});
