import { signals } from '../base/signal.ts';
import { formatCount, formatMs, formatNumber, formatPercent, formatSeconds, oneLine } from './format.ts';
import {
  findingSentence,
  itemWord,
  ledgerEquations,
  ledgerLine,
  sloActual,
  sloInterval,
  topFindings,
  verdictSentence,
  verdictSymbol,
  whoseFault,
} from './sentences.ts';
import type { Report } from './types.ts';

/** GitHub drops a job summary above 1 MiB without a word; 64 KiB stays well below after a few runs of a job. */
export const markdownBytesMax = 64 * 1024;
const intervalsMax = 20;

/** report.md: verdict and findings first; sections that would pass the limit are cut and the cut is said. */
export function renderMarkdown(report: Report): string {
  const cutNote = '\n_Cut here at 64 KiB; report.json and report.html have the rest._\n';
  const room = markdownBytesMax - Buffer.byteLength(cutNote);
  const lines: string[] = [];
  let used = 0;
  for (const line of sections(report)) {
    used += Buffer.byteLength(line) + 1;
    if (used > room) return `${lines.join('\n')}\n${cutNote}`;
    lines.push(line);
  }
  return `${lines.join('\n')}\n`;
}

function sections(report: Report): string[] {
  return [
    ...head(report),
    ...slos(report),
    ...ledger(report),
    ...faults(report),
    ...latency(report),
    ...counters(report),
    ...runCard(report),
    ...queries(report),
  ];
}

function head(report: Report): string[] {
  const blame = whoseFault(report);
  const { validity } = report;
  return [
    `# ${verdictSymbol[report.verdict]} ${text(verdictSentence(report))}`,
    '',
    ...(report.run.banner === undefined ? [] : [`> **${text(report.run.banner)}**`, '']),
    ...topFindings(report).map((finding, i) => `${i + 1}. ${text(findingSentence(finding))}`),
    '',
    `Fault of: **${blame.party}** (${text(blame.why)}). Exit code ${report.exitCode}.`,
    '',
    `Validity: ${validity.valid ? 'valid' : `**not valid** (${validity.reasons.map((r) => text(r)).join('; ')})`};` +
      ` offered ${formatPercent(validity.offeredRatio)} of the plan,` +
      ` missed by the generator ${formatCount(validity.missedByGenerator)},` +
      ` by the target ${formatCount(validity.missedByTarget)},` +
      ` send lag P99 ${formatMs(validity.sendLagMs.p99)},` +
      ` scrapes ${formatPercent(validity.scrapeCoverage)}.`,
    '',
  ];
}

function slos(report: Report): string[] {
  const rows = report.slos.map((slo) => [
    `${verdictSymbol[slo.verdict]} ${slo.verdict}`,
    text(slo.name, 120),
    text(slo.threshold, 120),
    text(sloActual(slo)),
    text(sloInterval(slo)),
    text(slo.window, 80),
    slo.source,
    text(slo.reason, 200),
  ]);
  return table('SLOs', ['verdict', 'SLO', 'limit', 'actual', 'interval', 'window', 'source', 'why'], rows);
}

function ledger(report: Report): string[] {
  const lines: string[] = ['## Ledger', ''];
  for (const signal of signals) {
    const counts = report.ledger[signal];
    if (counts === undefined) continue;
    lines.push(`- ${text(ledgerLine(signal, counts))}`);
    lines.push(...ledgerEquations(counts).map((equation) => `  - ${text(equation)}`));
  }
  const intervals = signals.flatMap((signal) => report.ledger[signal]?.lostIntervals ?? []);
  if (intervals.length === 0) return [...lines, ''];
  const rows = intervals
    .slice(0, intervalsMax)
    .map((lost) => [
      text(lost.load, 80),
      String(lost.worker),
      `${lost.from} to ${lost.to}`,
      formatCount(lost.count),
      `${formatSeconds(lost.dueFromS)} to ${formatSeconds(lost.dueToS)}`,
      text(lost.fault ?? '', 80),
      lost.ambiguous === undefined ? '' : `${formatCount(lost.ambiguous)} of them rejected`,
    ]);
  const title = `Lost: ${formatCount(intervals.length)} intervals${intervals.length > intervalsMax ? `, the first ${intervalsMax}` : ''}`;
  return [
    ...lines,
    '',
    ...table(title, ['load', 'worker', 'sequence', 'items', 'due', 'fault', 'ambiguous'], rows, '###'),
  ];
}

function faults(report: Report): string[] {
  const rows = report.faults.map((fault) => [
    text(fault.name, 80),
    text(fault.kind, 60),
    text(fault.members.join(', '), 200),
    span(fault.intended.startS, fault.intended.endS),
    span(fault.observed.injectedS, fault.observed.recoveredS),
    fault.verified ? '✔ verified' : '✘ not verified',
    formatCount(fault.lost),
    fault.predicted === undefined ? '' : `at most ${formatCount(fault.predicted.items)}`,
    text(fault.effect, 200),
  ]);
  const names = [
    'fault',
    'kind',
    'members',
    'intended',
    'observed',
    'effect seen',
    'lost',
    'predicted',
    'proof',
  ];
  return table('Faults', names, rows);
}

function latency(report: Report): string[] {
  const rows = signals.flatMap((signal) => {
    const of = report.latency[signal];
    if (of === undefined) return [];
    return (['ack', 'send', 'delivery'] as const).map((point) => [
      `${itemWord[signal]}, ${point}`,
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
  return table('Latency, ms', ['points', 'count', 'P50', 'P90', 'P95', 'P99', 'P99.9', 'max'], rows);
}

function counters(report: Report): string[] {
  const { names, ...values } = report.counters;
  const rows = Object.entries(values).map(([quantity, value]) => [
    text(quantity),
    formatCount(value),
    text(names[quantity] ?? '', 200),
  ]);
  return table("The collector's own counters", ['quantity', 'value', 'metric'], rows);
}

function runCard(report: Report): string[] {
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

function queries(report: Report): string[] {
  const rows = report.slos.flatMap((slo) =>
    slo.query === undefined ? [] : [[text(slo.name, 120), `<code>${text(slo.query, 1000)}</code>`]],
  );
  return table('Queries', ['SLO', 'resolved PromQL'], rows);
}

function table(title: string, names: string[], rows: string[][], level = '##'): string[] {
  if (rows.length === 0) return [];
  return [
    `${level} ${title}`,
    '',
    `| ${names.join(' | ')} |`,
    `|${names.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ];
}

function span(from: number | null, to: number | null): string {
  if (to === null) return formatSeconds(from);
  return `${formatSeconds(from)} to ${formatSeconds(to)}`;
}

/**
 * Text that Markdown takes as nothing but text: HTML, emphasis, links, tables, mentions, issue numbers, formulas and
 * bare addresses are written with character references.
 */
export function text(raw: string, charsMax = 300): string {
  return oneLine(raw, charsMax)
    .replace(/[&<>`*[\]|~\\@$]/g, reference)
    .replace(/(?<![a-z0-9])_|_(?![a-z0-9])/gi, reference)
    .replace(/#(?=\w)|:(?=\/\/)|(?<=www)\./gi, reference)
    .replace(/^([-+>#=]|\d+[.)])/, (start) => [...start].map(reference).join(''));
}

function reference(character: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return named[character] ?? `&#${character.codePointAt(0)};`;
}
