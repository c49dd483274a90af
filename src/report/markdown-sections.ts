import { signals } from '../base/signal.ts';
import { counterRows, headlineRows, latencyRows, rateRows } from './figures.ts';
import { distributionNames, distributionRows } from './latency-words.ts';
import { table, text } from './markdown-text.ts';
import { runCard } from './run-card.ts';
import { itemWord } from './sentences.ts';
import type { Report } from './types.ts';

export function latency(report: Report): string[] {
  const rows = latencyRows(report).map(({ signal, point, count, values }) => [
    signal,
    point,
    count,
    ...values,
  ]);
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
  const rows = rateRows(report).map(({ signal, values }) => [signal, ...values]);
  return table('Rates, items/s', ['signal', 'intended', 'offered', 'acknowledged', 'delivered'], rows);
}

export function headlines(report: Report): string[] {
  const rows = headlineRows(report).map(({ name, client, prometheus, error, agree, reason }) => [
    text(name, 80),
    ...[client, prometheus, error, agree].map((cell) => text(cell)),
    text(reason, 200),
  ]);
  return table('Two sources', ['quantity', 'squall', 'Prometheus', 'stated error', 'agree', 'why'], rows);
}

export function counters(report: Report): string[] {
  const rows = counterRows(report).map(({ what, value, metric }) => [what, value, text(metric, 200)]);
  return table("The collector's own counters", ['quantity', 'items', 'metric'], rows);
}

export function runTable(report: Report): string[] {
  const { run, environment } = runCard(report);
  const rows = [...run, ...environment, { name: 'command', value: report.run.command }];
  return table(
    'Run',
    ['', ''],
    rows.map(({ name, value }) => [text(name, 500), text(value, 500)]),
  );
}

export function queries(report: Report): string[] {
  const rows = report.slos.flatMap((slo) =>
    slo.query === undefined ? [] : [[text(slo.name, 120), `<code>${text(slo.query, 1000)}</code>`]],
  );
  return table('Queries', ['SLO', 'resolved PromQL'], rows);
}
