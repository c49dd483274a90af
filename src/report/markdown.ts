import { signals } from '../base/signal.ts';
import { type Answer, answersOf } from './answers.ts';
import { backendTables } from './backend-words.ts';
import { capacityLines } from './capacity.ts';
import { comparisonLines } from './comparison.ts';
import { causesOf, endedRows, faultFigures, waitRows } from './fault-words.ts';
import { findingSentence, topFindings } from './finding-words.ts';
import { formatCount, formatMs, formatPercent, formatSeconds, formatUnit } from './format.ts';
import {
  counters,
  distributions,
  headlines,
  latency,
  queries,
  rates,
  runTable,
} from './markdown-sections.ts';
import { codeOrText, table, text } from './markdown-text.ts';
import { membersTable } from './members.ts';
import { stageRows } from './recovery-words.ts';
import { ledgerEquations, ledgerLine, verdictSentence, verdictSymbol, whoseFault } from './sentences.ts';
import { sloActual, sloInterval, sloMargin, sloName, worstFirst } from './slo-words.ts';
import type { Report } from './types.ts';

/**
 * GitHub drops a job summary above 1 MiB without a word; 64 KiB stays well below after a few runs of a
 * job.
 */
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
    ...capacityLines(report),
    ...comparisonLines(report),
    ...slos(report),
    ...ledger(report),
    ...backendTables(report).flatMap(({ title, names, rows }) =>
      table(
        title,
        names,
        rows.map((row) => row.map((cell) => text(cell, 200))),
        '###',
      ),
    ),
    ...faults(report),
    ...membersTable(report),
    ...latency(report),
    ...distributions(report),
    ...rates(report),
    ...headlines(report),
    ...counters(report),
    ...runTable(report),
    ...queries(report),
  ];
}

function head(report: Report): string[] {
  const blame = whoseFault(report);
  const { validity } = report;
  const reasons = validity.reasons.map((reason) => text(reason)).join('; ');
  return [
    `# ${verdictSymbol[report.verdict]} ${text(verdictSentence(report))}`,
    '',
    ...(report.run.banner === undefined ? [] : [`> **${text(report.run.banner)}**`, '']),
    ...topFindings(report).map((finding, i) => `${i + 1}. ${text(findingSentence(report, finding))}`),
    '',
    `Fault of: **${blame.party}** (${text(blame.why)}). Exit code ${report.exitCode}.`,
    '',
    ...table('What came out', ['', ''], answersOf(report).map(answerRow)),
    `Validity: ${validity.valid ? 'valid' : `**not valid** (${reasons})`};` +
      ` offered ${formatPercent(validity.offeredRatio)} of the plan,` +
      ` missed by the generator ${formatCount(validity.missedByGenerator)},` +
      ` by the target ${formatCount(validity.missedByTarget)},` +
      ` send lag P99 ${formatMs(validity.sendLagMs.p99)},` +
      ` scrapes ${formatPercent(validity.scrapeCoverage)}.`,
    '',
  ];
}

function answerRow({ question, answer, detail }: Answer): string[] {
  return [question, `**${text(answer)}**${detail === '' ? '' : `: ${text(detail)}`}`];
}

function slos(report: Report): string[] {
  const rows = worstFirst(report.slos).map((slo) => [
    `${verdictSymbol[slo.verdict]} ${slo.verdict}`,
    text(sloName(slo), 120),
    codeOrText(slo.threshold, 120),
    text(sloActual(slo)),
    sloInterval(slo),
    sloMargin(slo),
    text(slo.window, 80),
    slo.source,
    text(slo.reason, 200),
  ]);
  const names = ['verdict', 'SLO', 'limit', 'actual', 'interval', 'margin', 'window', 'source', 'why'];
  return table('SLOs', names, rows);
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
      text(causesOf(lost), 80),
      lost.ambiguous === undefined ? '' : `${formatCount(lost.ambiguous)} of them rejected`,
    ]);
  const cut = intervals.length > intervalsMax ? `, the first ${intervalsMax}` : '';
  const title = `Lost: ${formatUnit(intervals.length, 'intervals')}${cut}`;
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
    ...faultFigures(fault).map(({ value, detail }) => text(detail === '' ? value : `${value} (${detail})`)),
    text(fault.effect, 200),
  ]);
  const names = [
    'fault',
    'kind',
    'members',
    'intended',
    'observed',
    'effect seen',
    'time to detect',
    'time to recover',
    'items lost',
    'our own retries',
    'proof',
  ];
  return [...table('Faults', names, rows), ...recoveryTable(report), ...podTables(report)];
}

function recoveryTable(report: Report): string[] {
  const rows = report.faults.flatMap((fault) =>
    stageRows(fault).map(({ name, found, at, after, reason }) => [
      text(fault.name, 80),
      `${name}: ${found}`,
      at,
      after === '' ? text(reason, 200) : after,
    ]),
  );
  return table('Recovery', ['fault', 'stage', 'at', 'after injection'], rows, '###');
}

function podTables(report: Report): string[] {
  const waits = report.faults.flatMap((fault) =>
    waitRows(fault).map(({ pod, budget, why, from, length, end }) => [
      text(fault.name, 80),
      text(pod, 120),
      text(`${budget}: ${why}`, 200),
      from,
      length,
      end,
    ]),
  );
  const ended = report.faults.flatMap((fault) =>
    endedRows(fault).map(({ pod, node, told, gone, how, items, before }) => [
      text(fault.name, 80),
      text(pod, 120),
      text(node, 80),
      told,
      gone,
      how,
      before === '' ? items : `${items}, ${before}`,
    ]),
  );
  const waitNames = ['fault', 'pod', 'disruption budget', 'asked first', 'waited', 'end'];
  const endNames = [
    'fault',
    'pod',
    'node',
    'told to end',
    'gone',
    'how it ended',
    'held when it last answered',
  ];
  return [
    ...table('Pods kept by disruption budgets', waitNames, waits, '###'),
    ...table('Pods that ended', endNames, ended, '###'),
  ];
}

function span(from: number | null, to: number | null): string {
  if (to === null) return formatSeconds(from);
  return `${formatSeconds(from)} to ${formatSeconds(to)}`;
}
