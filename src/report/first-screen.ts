import { answersOf } from './answers.ts';
import { findingSentence, topFindings } from './finding-words.ts';
import { ledgerLines, verdictReason } from './sentences.ts';
import type { Report } from './types.ts';

/** 1280 x 720, and what of the width is left beside the margins. */
const screenPx = 720;
const widePx = 1232;

/** px of a character of the sizes that page.css has, as wide as a common system font draws them. */
const px = { h1: 9.6, finding: 7.1, ledger: 7.6, answer: 7.6 } as const;

/**
 * What the first screen has left for a chart below verdict, answers, findings, ledger and validity: a guess from the
 * lengths of the texts, as nothing here measures fonts; the browser tests hold it.
 */
export function chartRoomPx(report: Report): number {
  const lines = (text: string, perChar: number, width = widePx) =>
    Math.max(1, Math.ceil((text.length * perChar) / width));
  const verdict = 56 + 24 * lines(verdictReason(report), px.h1, widePx - 120);
  const answers = answersOf(report);
  const cellPx = widePx / (answers.length + 0.7) - 24;
  const tallest = answers.map(
    ({ answer, detail }) =>
      17 * lines(answer, px.answer, cellPx) + (detail === '' ? 0 : 15 * lines(detail, 6.2, cellPx)),
  );
  const findings = topFindings(report).reduce(
    (sum, finding) => sum + 20 * lines(findingSentence(report, finding), px.finding),
    0,
  );
  const banner = report.run.banner === undefined ? 0 : 40;
  const ledger = 14 + 19 * lines(ledgerLines(report).join('   '), px.ledger);
  const above = verdict + banner + Math.min(72, Math.max(...tallest)) + 36 + findings + ledger + 47 + 24;
  return screenPx - above;
}
