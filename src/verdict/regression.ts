import { median } from 'simple-statistics';
import type { ComparedMeasure } from '../report/comparison-types.ts';
import { encodeNumber } from './judge-slo.ts';
import { format } from './measured.ts';
import { groupShift, holm, type Shift, serialShift } from './shift.ts';

/** What is compared. */
export interface MeasureSpec {
  name: string;
  unit: string;
  better: 'less' | 'more';
  /** Smallest change that matters. */
  margin: number;
  /** With one run each: that, and what two runs of one build are taken to differ by. */
  aloneMargin: number;
  needed: boolean;
}

/** All measures of one comparison together: Holm's procedure shares it out. */
export const familyLevel = 0.01;

/** Stretches that one run each is cut into; the next fewer where they say too little or go together. */
const stretchCounts = [24, 12];

/** What was found of one measure, before it is judged with the others. */
export interface Found {
  spec: MeasureSpec;
  baseline: number | undefined;
  candidate: number | undefined;
  margin: number;
  /** Of logarithms, + is worse. */
  shift?: Shift;
  observations: number;
  /** Why there is no shift. */
  reason: string;
}

/** Several runs of a side: one value of each. */
export function findAmongRuns(
  spec: MeasureSpec,
  values: { baseline: (number | undefined)[]; candidate: (number | undefined)[] },
): Found {
  const [before, after] = [values.baseline.filter(isPositive), values.candidate.filter(isPositive)];
  const found = { spec, baseline: medianOf(before), candidate: medianOf(after), margin: spec.margin };
  const observations = before.length + after.length;
  const gaps = values.baseline.length + values.candidate.length - observations;
  if (gaps > 0) return { ...found, observations, reason: `${gaps} of the runs have no such value` };
  const shift = groupShift(logs(spec, before), logs(spec, after));
  if (shift === undefined) return { ...found, observations, reason: 'it takes four runs in all at least' };
  return { ...found, observations, shift, reason: '' };
}

/** One run each: stretches of both at the same time of the plan make the pairs. */
export function findAlongRuns(
  spec: MeasureSpec,
  whole: { baseline: number | undefined; candidate: number | undefined },
  cut: (count: number) => { baseline: (number | undefined)[]; candidate: (number | undefined)[] },
): Found {
  const found = { spec, ...whole, margin: spec.aloneMargin };
  let reason = '';
  for (const count of stretchCounts) {
    const { baseline, candidate } = cut(count);
    if (![...baseline, ...candidate].every(isPositive)) {
      reason = `not every one of ${count} stretches of the runs has a value`;
      continue;
    }
    const before = logs(spec, baseline.filter(isPositive));
    const differences = logs(spec, candidate.filter(isPositive)).map((after, i) => after - (before[i] ?? 0));
    const shift = serialShift(differences);
    if (shift !== undefined) return { ...found, observations: count, shift, reason: '' };
    reason = 'neighbouring stretches go together, so that they are too few observations';
  }
  return { ...found, observations: 0, reason };
}

/** Worse: beyond chance, all measures considered, and by more than matters. Same or better: the interval says so. */
export function judgeMeasures(all: readonly Found[], level = familyLevel): ComparedMeasure[] {
  const tested = all.filter(({ shift }) => shift !== undefined);
  const taken = holm(
    tested.map(({ shift }) => shift?.p ?? 1),
    level,
  );
  return all.map((found) => judgeOne(found, taken[tested.indexOf(found)] ?? false));
}

function judgeOne(found: Found, beyondChance: boolean): ComparedMeasure {
  const { spec, shift, margin, observations } = found;
  const { name, unit, better, needed } = spec;
  const shown = {
    ...{ name, unit, better, margin, observations, needed },
    baseline: encodeNumber(found.baseline ?? null),
    candidate: encodeNumber(found.candidate ?? null),
  };
  if (shift === undefined)
    return { ...shown, change: null, interval: null, p: null, verdict: 'unknown', reason: found.reason };
  const limit = Math.log1p(margin);
  const [low, high] = shift.interval;
  const word =
    beyondChance && shift.estimate > limit
      ? 'worse'
      : high < 0
        ? 'better'
        : high < limit
          ? 'same'
          : 'unknown';
  return {
    ...shown,
    change: ratioOf(shift.estimate, better),
    interval: intervalOf(shift.interval, better),
    p: shift.p,
    verdict: word,
    reason: reasonOf(word, { margin, low, observations }),
  };
}

function reasonOf(
  word: ComparedMeasure['verdict'],
  of: { margin: number; low: number; observations: number },
): string {
  const limit = `${format(100 * of.margin)} %`;
  switch (word) {
    case 'worse':
      return `worse by more than ${limit}, and not by chance`;
    case 'better':
      return 'the whole interval is on the better side';
    case 'same':
      return `the interval holds no change for the worse above ${limit}`;
    default:
      return of.low > 0
        ? `worse, but whether by more than ${limit} is open`
        : `the noise hides whether it is worse by more than ${limit}`;
  }
}

/** A shift up is worse: of what is better when more, that is a fall. */
function ratioOf(shift: number, better: 'less' | 'more'): number | 'Infinity' {
  const ratio = Math.expm1(better === 'less' ? shift : -shift);
  return Number.isFinite(ratio) ? ratio : 'Infinity';
}

function intervalOf(
  [low, high]: readonly [number, number],
  better: 'less' | 'more',
): [number, number | 'Infinity'] {
  const [from, to] = better === 'less' ? [low, high] : [-high, -low];
  return [Math.expm1(from), Number.isFinite(to) ? Math.expm1(to) : 'Infinity'];
}

function logs({ better }: MeasureSpec, values: readonly number[]): number[] {
  return values.map((value) => (better === 'less' ? Math.log(value) : -Math.log(value)));
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && value > 0 && Number.isFinite(value);
}

function medianOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : median([...values]);
}
