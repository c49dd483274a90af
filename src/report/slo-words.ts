import type { VerdictWord } from '../base/signal.ts';
import { formatAgainst, formatNumber, formatUnit, oneLine } from './format.ts';
import type { SloResult } from './types.ts';

/** The words about one SLO that terminal, Markdown, JUnit and HTML share. */

/** What it was, what was allowed, by how much it missed, and when: "items_lost was 12,340, allowed: none, over the run". */
export function sloSentence(slo: SloResult): string {
  const what = sloSubject(slo, 120);
  const when = windowWords(slo);
  if (slo.verdict === 'unknown') return `${what} has no verdict (${oneLine(slo.reason)}), ${when}`;
  return `${what} was ${sloAgainst(slo)}, ${when}`;
}

/** "14.2 ms, allowed: below 10 ms (42 % beyond)". */
export function sloAgainst(slo: SloResult): string {
  const margin = sloMargin(slo);
  return `${sloActual(slo)}, allowed: ${sloAllowed(slo)}${margin === '' ? '' : ` (${margin})`}`;
}

/** The threshold in words: "none", "below 10 ms", "at least 9,900 items/s"; as written where it has another form. */
function sloAllowed(slo: SloResult): string {
  const match = comparison.exec(slo.threshold);
  if (match === null) return oneLine(slo.threshold, 80);
  const [, operator = '', number = '', unit = ''] = match;
  const limit = Number(number);
  if (limit === 0 && (operator === '==' || operator === '<=') && slo.unit !== 'ms') return 'none';
  const shown = `${formatNumber(limit, 15)} ${unit === '' ? oneLine(slo.unit, 20) : unit}`.trim();
  return `${operatorWords[operator] ?? operator} ${shown}`;
}

const operatorWords: Record<string, string> = {
  '<': 'below',
  '<=': 'at most',
  '>': 'above',
  '>=': 'at least',
  '==': 'exactly',
  '!=': 'anything but',
};

/** " p(95)" of a duration; counts, rates and values have one number. */
function aggregationOf({ threshold }: SloResult): string {
  const word = /^\s*(p\([\d.]+\)|avg|min|max|med)/.exec(threshold)?.[1];
  return word === undefined ? '' : ` ${word}`;
}

/** 95 of "p(95)<10ms"; undefined of anything else. */
export function percentileOf({ threshold }: Pick<SloResult, 'threshold'>): number | undefined {
  const digits = /^\s*p\(([\d.]+)\)/.exec(threshold)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function windowWords({ window }: SloResult): string {
  if (window === 'run') return 'over the run';
  const bound = /^(before|during|after):(.+)$/s.exec(window);
  return bound === null
    ? `in window ${oneLine(window, 80)}`
    : `${bound[1]} fault ${oneLine(bound[2] ?? '', 80)}`;
}

/** What it is named in a sentence: with the percentile that was judged. */
export function sloSubject(slo: SloResult, charsMax: number): string {
  return `${oneLine(sloName(slo), charsMax)}${aggregationOf(slo)}`;
}

/** Without " in WINDOW": the window always stands beside it. */
export function sloName(slo: SloResult): string {
  const tail = ` in ${slo.window}`;
  return slo.name.endsWith(tail) ? slo.name.slice(0, -tail.length) : slo.name;
}

export function sloActual(slo: SloResult): string {
  return formatUnit(slo.actual, oneLine(slo.unit, 20), thresholdLimit(slo));
}

/** "[9.1, 9.8]", the one end where too few observations bound the other, or nothing. */
export function sloInterval(slo: SloResult): string {
  if (slo.interval === undefined) return '';
  const limit = thresholdLimit(slo);
  const [low, high] = slo.interval;
  const [from, to] = [formatAgainst(low, limit), formatAgainst(high, limit)];
  if (high === null) return low === null ? '' : `above ${from}`;
  return low === null ? `below ${to}` : `[${from}, ${to}]`;
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
  // Rounded it would be all of the limit.
  if (share > 0.99 && share < 1) return `over 99 % ${word}`;
  return share >= 10
    ? `${formatNumber(share, 2)} x the limit ${word}`
    : `${formatNumber(share * 100, 2)} % ${word}`;
}

/** The number of a threshold in the unit of its actual value; undefined when the text is not of that form. */
export function thresholdLimit(slo: SloResult): number | undefined {
  const [, , number, unit = ''] = comparison.exec(slo.threshold) ?? [];
  if (number === undefined) return undefined;
  const factor = slo.unit === 'ms' ? msPerUnit[unit] : 1;
  return factor === undefined ? undefined : Number(number) * factor;
}

/** Operator, number, unit. */
const comparison = /(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zµ%]*)\s*$/i;

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
