import { type Signal, signals } from '../base/signal.ts';
import { formatCount, formatNumber, formatSeconds, formatUnit } from './format.ts';
import { latencyPoints } from './latency-words.ts';
import { agreement, itemWord, ledgerEquations, metricNames } from './sentences.ts';
import type { LatencySummary, Report } from './types.ts';

const ledgerRows = [
  'due',
  'missed',
  'offered',
  'acknowledged',
  'rejected',
  'refused',
  'unknown',
  'delivered',
  'lost',
  'pending',
  'undelivered',
  'recovered',
  'duplicated',
  'duplicatedByRetry',
  'filtered',
  'late',
  'unexpected',
  'foreign',
] as const;

/** Classes that only some runs have: without them there is no row. */
const rowWords: Record<string, string> = {
  duplicatedByRetry: 'of them by our own retries',
  filtered: 'left out on purpose',
};

export function ledgerView(report: Report): Record<string, unknown> {
  const present = signals.filter((signal) => report.ledger[signal] !== undefined);
  return {
    present: present.length > 0,
    names: present.map((signal) => itemWord[signal]),
    rows: ledgerRows
      .filter(
        (row) => !(row in rowWords) || present.some((signal) => (report.ledger[signal]?.[row] ?? 0) > 0),
      )
      .map((row) => {
        const counts = present.map((signal) => report.ledger[signal]?.[row]);
        const quiet = counts.every((count) => count === 0) ? 'zero' : '';
        const values = counts.map((count) => formatCount(count));
        return { name: rowWords[row] ?? row, css: row === 'lost' ? 'lost' : quiet, values };
      }),
    equations: present.map((signal) => ({
      signal: itemWord[signal],
      lines: ledgerEquationsOf(report, signal),
    })),
  };
}

function ledgerEquationsOf(report: Report, signal: Signal): string[] {
  const counts = report.ledger[signal];
  return counts === undefined ? [] : ledgerEquations(counts);
}

export function latencyView(report: Report): Record<string, unknown>[] {
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

export function ratesView(report: Report): Record<string, unknown>[] {
  return signals.flatMap((signal) => {
    const rate = report.rate[signal];
    if (rate === undefined) return [];
    const { intendedPerS, offeredPerS, acknowledgedPerS, deliveredPerS } = rate;
    const values = [intendedPerS, offeredPerS, acknowledgedPerS, deliveredPerS].map((value) =>
      formatNumber(value, 6),
    );
    return [{ signal: itemWord[signal], values }];
  });
}

export function headlineView(report: Report): Record<string, string>[] {
  return (report.headline ?? []).map((pair) => ({
    name: pair.name,
    client: formatUnit(pair.client, pair.unit),
    prometheus: formatUnit(pair.prometheus, pair.unit),
    error: pair.error === null ? '' : formatUnit(pair.error, pair.unit),
    agree: agreement(pair.agree),
    css: pair.agree === null ? 'unknown' : pair.agree ? 'pass' : 'fail',
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

export function countersView(report: Report): { what: string; value: string; metric: string }[] {
  const quantities = Object.keys(counterWords) as (keyof typeof counterWords)[];
  return quantities.map((quantity) => ({
    what: counterWords[quantity],
    value: formatCount(report.counters[quantity]),
    metric: metricNames(report.counters, quantity),
  }));
}

export function settleWords(report: Report): string {
  const { settle } = report;
  const how = settle.shownEmpty ? 'shown empty' : 'not shown empty; the horizon ended it';
  const span = `${formatSeconds(settle.fromS)} to ${formatSeconds(settle.toS)}`;
  return `${span} of at most ${formatSeconds(settle.horizonS)}: ${how} (${settle.reason})`;
}
