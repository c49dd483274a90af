import type { VerdictWord } from '../base/signal.ts';
import { painter } from './ansi.ts';
import { findingSentence, topFindings } from './finding-words.ts';
import { formatCount, oneLine } from './format.ts';
import { membersLine } from './members.ts';
import { recoveryLine } from './recovery-words.ts';
import { latencyLine, ledgerLines, verdictReason, verdictSymbol, whoseFault } from './sentences.ts';
import { sloSentence } from './slo-words.ts';
import type { Report } from './types.ts';

export interface ClosingPaths {
  /** Where the page is. */
  report: string;
  /** The command that repeats the run. */
  again: string;
  /** Faults that may still be in place, as "fault on member". */
  faultsLeft: string[];
}

const linesMax = 15;

const verdictColor = { pass: 'green', fail: 'red', unknown: 'yellow' } as const satisfies Record<
  VerdictWord,
  string
>;

/**
 * The last lines of every run, at most 15: verdict (1), what to know of the target and how it came back from a fault
 * (1 each, at the cost of a failed SLO), the three worst findings (3), failed SLOs (3 and how many more), ledger (3),
 * whose fault, faults left, report, again. Latency and who took the load stand after the ledger where there is room.
 */
export function closingLines(
  report: Report,
  paths: ClosingPaths,
  options: { color: boolean } = { color: false },
): string[] {
  const paint = painter(options.color);
  const color = verdictColor[report.verdict];
  const word = `${verdictSymbol[report.verdict]} ${report.verdict.toUpperCase()}`;
  const label = (text: string) => paint('dim', text.padEnd(9));
  const { banner } = report.run;
  const recovery = recoveryLine(report);
  const slosMax = 3 - (banner === undefined ? 0 : 1) - (recovery === '' ? 0 : 1);
  const failed = report.slos.filter((slo) => slo.verdict === 'fail');
  const blame = whoseFault(report);
  const left =
    paths.faultsLeft.length === 0
      ? 'none'
      : paint('red', oneLine(`${paths.faultsLeft.join(', ')} (undo: squall recover --run ${report.run.id})`));
  const members = membersLine(report);
  const lines = [
    `${paint('bold', paint(color, word))}  ${verdictReason(report)}`,
    ...(banner === undefined ? [] : [`${label('target')}${paint('yellow', oneLine(banner))}`]),
    ...topFindings(report).map((finding) => `${label('finding')}${findingSentence(report, finding)}`),
    ...failed.slice(0, slosMax).map((slo) => `${label('failed')}${sloSentence(slo)}`),
    ...(failed.length > slosMax
      ? [`${label('failed')}and ${formatCount(failed.length - slosMax)} more`]
      : []),
    ...ledgerLines(report).map((line) => `${label('ledger')}${line}`),
    ...(recovery === '' ? [] : [`${label('recovery')}${recovery}`]),
    `${label('fault of')}${blame.party}: ${blame.why}`,
    `${label('in place')}${left}`,
    `${label('report')}${oneLine(paths.report, 1000)}`,
    `${label('again')}${oneLine(paths.again, 1000)}`,
  ];
  for (const [name, text] of [
    ['latency', latencyLine(report)],
    ['members', members],
  ] as const) {
    if (text !== undefined && lines.length < linesMax) lines.splice(-4, 0, `${label(name)}${oneLine(text)}`);
  }
  return lines;
}
