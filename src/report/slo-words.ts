import type { VerdictWord } from '../base/signal.ts';
import { formatAgainst, formatNumber, formatUnit, oneLine } from './format.ts';
import type { SloResult } from './types.ts';

/** The words about one SLO that terminal, Markdown, JUnit and HTML share. */

/** Name, actual, limit and window: "items_lost was 12,340, limit count==0, window run". */
export function sloSentence(slo: SloResult): string {
  const where = `limit ${oneLine(slo.threshold, 80)}, window ${oneLine(slo.window, 80)}`;
  const name = oneLine(sloName(slo), 120);
  if (slo.verdict === 'unknown') return `${name} has no verdict (${oneLine(slo.reason)}), ${where}`;
  return `${name} was ${sloActual(slo)}, ${where}`;
}

/** Without " in WINDOW": the window always stands beside it. */
export function sloName(slo: SloResult): string {
  const tail = ` in ${slo.window}`;
  return slo.name.endsWith(tail) ? slo.name.slice(0, -tail.length) : slo.name;
}

export function sloActual(slo: SloResult): string {
  return formatUnit(slo.actual, oneLine(slo.unit, 20), thresholdLimit(slo));
}

/** "[9.1, 9.8]" or nothing. */
export function sloInterval(slo: SloResult): string {
  if (slo.interval === undefined) return '';
  const limit = thresholdLimit(slo);
  return `[${formatAgainst(slo.interval[0], limit)}, ${formatAgainst(slo.interval[1], limit)}]`;
}

/** How far the actual value is from its limit: "57 % to spare", "23 % beyond"; nothing without both. */
export function sloMargin(slo: SloResult): string {
  const limit = thresholdLimit(slo);
  if (slo.verdict === 'unknown' || typeof slo.actual !== 'number' || limit === undefined) return '';
  const distance = Math.abs(slo.actual - limit);
  const beyond = slo.verdict === 'fail';
  // Of a limit of 0 the actual value is the distance.
  if (distance === 0 || limit === 0 || slo.threshold.includes('!=')) return '';
  const word = beyond ? 'beyond' : 'to spare';
  const share = distance / Math.abs(limit);
  return share >= 10
    ? `${formatNumber(share, 2)} x the limit ${word}`
    : `${formatNumber(share * 100, 2)} % ${word}`;
}

/** The number of a threshold in the unit of its actual value; undefined when the text is not of that form. */
export function thresholdLimit(slo: SloResult): number | undefined {
  const match = comparison.exec(slo.threshold);
  if (match?.[1] === undefined) return undefined;
  const factor = slo.unit === 'ms' ? msPerUnit[match[2] ?? ''] : 1;
  return factor === undefined ? undefined : Number(match[1]) * factor;
}

/** Operator, number, unit. */
const comparison = /(?:<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zµ%]*)\s*$/i;

const msPerUnit: Record<string, number> = {
  '': 1,
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 36e5,
};

/** Failed, then unknown, then passed; otherwise in the scenario's order. */
export function worstFirst(slos: readonly SloResult[]): SloResult[] {
  const rank: Record<VerdictWord, number> = { fail: 0, unknown: 1, pass: 2 };
  return [...slos].sort((a, b) => rank[a.verdict] - rank[b.verdict]);
}
