import { type Signal, signals } from '../base/signal.ts';
import { formatCount, formatDuration, formatNumber, formatSeconds, formatUnit } from './format.ts';
import { agreement, itemWord, ledgerEquations, metricNames } from './sentences.ts';
import type { LatencySummary, Report, SloResult } from './types.ts';

/** Lists are cut, never the page: report.json has all of it. */
const intervalsMax = 50;
const rawCharsMax = 4000;

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
  'late',
  'unexpected',
  'foreign',
] as const;

export function ledgerView(report: Report): Record<string, unknown> {
  const present = signals.filter((signal) => report.ledger[signal] !== undefined);
  return {
    present: present.length > 0,
    names: present.map((signal) => itemWord[signal]),
    rows: ledgerRows.map((row) => ({
      name: row,
      css: row === 'lost' ? 'lost' : '',
      values: present.map((signal) => formatCount(report.ledger[signal]?.[row])),
    })),
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

export function lostView(report: Report): Record<string, unknown> {
  const all = signals.flatMap((signal) => report.ledger[signal]?.lostIntervals ?? []);
  return {
    count: all.length,
    cut: all.length > intervalsMax,
    total: formatUnit(all.length, 'intervals'),
    shown: Math.min(all.length, intervalsMax),
    rows: all.slice(0, intervalsMax).map((lost) => ({
      load: lost.load,
      worker: String(lost.worker),
      sequence: `${lost.from} to ${lost.to}`,
      count: formatCount(lost.count),
      due: `${formatSeconds(lost.dueFromS)} to ${formatSeconds(lost.dueToS)}`,
      fault: lost.fault ?? '',
      ambiguous: lost.ambiguous === undefined ? '' : `${formatCount(lost.ambiguous)} of them were rejected`,
    })),
  };
}

export function faultView(fault: Report['faults'][number]): Record<string, unknown> {
  const injected = fault.observed.injectedS;
  const stage = (name: string, at: number | undefined) => ({
    name,
    at: formatSeconds(at),
    after: at === undefined || injected === null ? '' : `+${formatSeconds(at - injected)}`,
  });
  return {
    name: fault.name,
    kind: fault.kind,
    members: fault.members.join(', '),
    intended: spanOf(fault.intended.startS, fault.intended.endS),
    observed: spanOf(injected, fault.observed.recoveredS),
    verified: fault.verified,
    effect: fault.effect,
    lost: formatCount(fault.lost),
    predicted: fault.predicted === undefined ? '' : `at most ${formatCount(fault.predicted.items)}`,
    predictedWhy: fault.predicted?.why ?? '',
    stages: [
      stage('fault removed', fault.recovery.removedS),
      stage('endpoint ready', fault.recovery.endpointReadyS),
      stage('first accepted item', fault.recovery.firstAcceptedS),
      stage('drained', fault.recovery.drainedS),
    ],
  };
}

function spanOf(from: number | null, to: number | null): string {
  if (from === null && to === null) return 'not seen';
  return to === null ? `${formatSeconds(from)}, one shot` : `${formatSeconds(from)} to ${formatSeconds(to)}`;
}

const pointWords = {
  ack: 'acknowledged: due to final answer, per request',
  send: 'sent: first send to final answer, per request',
  delivery: 'delivered: due to sink, per item',
} as const;

export function latencyView(report: Report): Record<string, unknown>[] {
  return signals.flatMap((signal) => {
    const of = report.latency[signal];
    if (of === undefined) return [];
    return (['ack', 'send', 'delivery'] as const).map((point) => ({
      signal: itemWord[signal],
      point: pointWords[point],
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

export function queryView(slo: SloResult): Record<string, string> {
  const raw = slo.raw === undefined ? '' : JSON.stringify(slo.raw, undefined, 1);
  return {
    name: `${slo.name} ${slo.threshold}`,
    window: slo.window,
    written: slo.promql ?? '',
    query: slo.query ?? '',
    raw: raw.length > rawCharsMax ? `${raw.slice(0, rawCharsMax)}… (the rest is in report.json)` : raw,
  };
}

export function cardView(report: Report): { name: string; value: string }[] {
  const { run } = report;
  const row = (name: string, value: string | number) => ({ name, value: String(value) });
  return [
    row('run', run.id),
    row('seed', run.seed),
    row('started', run.startedAt),
    row('duration', formatDuration(run.durationS)),
    row('target', run.target),
    ...run.members.map((m) =>
      row(m.name, `${m.version}, started ${m.starts === 1 ? 'once' : `${m.starts} times`}`),
    ),
    ...Object.entries(run.versions).map(([name, version]) => row(`${name} version`, version)),
    ...Object.entries(run.machine).map(([name, value]) => row(`machine ${name}`, value)),
  ];
}
