import { signals, type VerdictWord } from '../base/signal.ts';
import { formatCount, formatNumber, formatUnit } from './format.ts';
import { latencyPoints } from './latency-words.ts';
import { agreement, itemWord, metricNames } from './sentences.ts';
import type { LatencySummary, Report } from './types.ts';

/** The figures of a run as texts, row by row, that Markdown and HTML share. */

export function latencyRows(
  report: Report,
): { signal: string; point: string; count: string; values: string[] }[] {
  return signals.flatMap((signal) => {
    const of = report.latency[signal];
    if (of === undefined) return [];
    return (['ack', 'send', 'delivery'] as const).map((point) => ({
      signal: itemWord[signal],
      point: latencyPoints[point],
      count: formatCount(of[point].count),
      values: percentiles(of[point]),
    }));
  });
}

function percentiles(of: LatencySummary): string[] {
  return [of.p50Ms, of.p90Ms, of.p95Ms, of.p99Ms, of.p999Ms, of.maxMs].map((value) => formatNumber(value));
}

export function rateRows(report: Report): { signal: string; values: string[] }[] {
  return signals.flatMap((signal) => {
    const rate = report.rate[signal];
    if (rate === undefined) return [];
    const { intendedPerS, offeredPerS, acknowledgedPerS, deliveredPerS } = rate;
    const values = [intendedPerS, offeredPerS, acknowledgedPerS, deliveredPerS];
    return [{ signal: itemWord[signal], values: values.map((value) => formatNumber(value, 6)) }];
  });
}

export interface HeadlineRow {
  name: string;
  client: string;
  prometheus: string;
  error: string;
  agree: string;
  verdict: VerdictWord;
  reason: string;
}

export function headlineRows(report: Report): HeadlineRow[] {
  return (report.headline ?? []).map((pair) => ({
    name: pair.name,
    client: formatUnit(pair.client, pair.unit),
    prometheus: formatUnit(pair.prometheus, pair.unit),
    error: pair.error === null ? '' : formatUnit(pair.error, pair.unit),
    agree: agreement(pair.agree),
    verdict: pair.agree === null ? 'unknown' : pair.agree ? 'pass' : 'fail',
    reason: pair.reason,
  }));
}

const counterWords = {
  accepted: 'accepted by receivers',
  sent: 'sent by exporters',
  sendFailed: 'send failed',
  enqueueFailed: 'enqueue failed',
  refused: 'refused by receivers',
  unexplained: 'difference to the ledger without an explanation',
} as const;

export function counterRows({ counters }: Report): { what: string; value: string; metric: string }[] {
  const quantities = Object.keys(counterWords) as (keyof typeof counterWords)[];
  return quantities.map((quantity) => ({
    what: counterWords[quantity],
    value: formatCount(counters[quantity]),
    metric: metricNames(counters, quantity),
  }));
}
