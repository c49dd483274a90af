import { signals } from '../base/signal.ts';
import { formatCount, formatNumber, formatUnit } from './format.ts';
import { distributionNames, distributionRows, latencyPoints } from './latency-words.ts';
import { table, text } from './markdown-text.ts';
import { agreement, itemWord, metricNames } from './sentences.ts';
import type { Report } from './types.ts';

export function latency(report: Report): string[] {
  const rows = signals.flatMap((signal) => {
    const of = report.latency[signal];
    if (of === undefined) return [];
    return (['ack', 'send', 'delivery'] as const).map((point) => [
      itemWord[signal],
      latencyPoints[point],
      formatCount(of[point].count),
      ...[
        of[point].p50Ms,
        of[point].p90Ms,
        of[point].p95Ms,
        of[point].p99Ms,
        of[point].p999Ms,
        of[point].maxMs,
      ].map((value) => formatNumber(value)),
    ]);
  });
  const names = ['signal', 'between', 'count', 'P50', 'P90', 'P95', 'P99', 'P99.9', 'max'];
  return table('Latency, ms', names, rows);
}

/** Every second point of what the page draws as percentiles, so that a day's run stays a page. */
export function distributions(report: Report): string[] {
  return signals.flatMap((signal) => {
    const of = report.distribution?.[signal];
    if (of === undefined || of.ack.length === 0) return [];
    const all = distributionRows(of);
    const rows = all
      .filter((_, i) => i % 2 === 0 || i === all.length - 1)
      .map(({ at, values }) => [at, ...values]);
    const title = `Percentiles of ${itemWord[signal]}: that share took at most so long`;
    return table(title, ['share', ...distributionNames], rows, '###');
  });
}

export function rates(report: Report): string[] {
  const rows = signals.flatMap((signal) => {
    const rate = report.rate[signal];
    if (rate === undefined) return [];
    const { intendedPerS, offeredPerS, acknowledgedPerS, deliveredPerS } = rate;
    const values = [intendedPerS, offeredPerS, acknowledgedPerS, deliveredPerS];
    return [[itemWord[signal], ...values.map((value) => formatNumber(value, 6))]];
  });
  return table('Rates, items/s', ['signal', 'intended', 'offered', 'acknowledged', 'delivered'], rows);
}

export function headlines(report: Report): string[] {
  const rows = (report.headline ?? []).map((pair) => [
    text(pair.name, 80),
    text(formatUnit(pair.client, pair.unit)),
    text(formatUnit(pair.prometheus, pair.unit)),
    pair.error === null ? '' : text(formatUnit(pair.error, pair.unit)),
    agreement(pair.agree),
    text(pair.reason, 200),
  ]);
  return table('Two sources', ['quantity', 'squall', 'Prometheus', 'stated error', 'agree', 'why'], rows);
}

export function counters(report: Report): string[] {
  const { names: _, ...values } = report.counters;
  const rows = Object.entries(values).map(([quantity, value]) => [
    text(quantity),
    formatCount(value),
    text(metricNames(report.counters, quantity), 200),
  ]);
  return table("The collector's own counters", ['quantity', 'value', 'metric'], rows);
}

export function runCard(report: Report): string[] {
  const { run } = report;
  const card: [string, string][] = [
    ['run', run.id],
    ['seed', String(run.seed)],
    ['started', run.startedAt],
    ['target', run.target],
    ...run.members.map((m): [string, string] => [
      `member ${m.name}`,
      `${m.version}, started ${m.starts} times`,
    ]),
    ...Object.entries(run.versions).map(([name, version]): [string, string] => [name, version]),
    ...Object.entries(run.machine).map(([name, value]): [string, string] => [name, String(value)]),
    ['command', run.command],
  ];
  return table(
    'Run',
    ['', ''],
    card.map((row) => row.map((cell) => text(cell, 500))),
  );
}

export function queries(report: Report): string[] {
  const rows = report.slos.flatMap((slo) =>
    slo.query === undefined ? [] : [[text(slo.name, 120), `<code>${text(slo.query, 1000)}</code>`]],
  );
  return table('Queries', ['SLO', 'resolved PromQL'], rows);
}
