import { cumulativeStdNormalProbability } from 'simple-statistics';
import type { Noise } from './confidence.ts';
import type { Bounds, TrialOutcome } from './types.ts';

/** A capacity that lies elsewhere in every trial: its middle and spread (natural logarithms) as trials tell them. */
export interface Threshold extends Bounds {
  /** What half of all trials would hold at. */
  middlePerS: number;
  /** Spread from trial to trial, as a share. */
  spread: number;
}

/** Half of the chi-square's 95 % point with one degree of freedom: profile likelihood. */
const dropMax = 1.92;
/** Of trials whose verdict has nothing to do with their rate. */
const lapse = 0.02;
/** Up to more than what a search ends with. */
const spreads = Array.from({ length: 17 }, (_, i) => 0.004 * 1.25 ** i);
const stepRatio = 0.005;

/**
 * The interval that holds the middle at 95 %, by profile likelihood of a probit: the chance to hold falls with
 * (rate - middle) / spread, and the spread is told by the verdicts together with the noise of like trials. Its width
 * shrinks with the root of the trials near the middle. Undefined unless some held and some did not.
 */
export function fitThreshold(
  trials: readonly Pick<TrialOutcome, 'ratePerS' | 'status'>[],
  noise: Noise | null,
): Threshold | undefined {
  const sure = trials.filter(({ status }) => status === 'pass' || status === 'fail');
  const held = sure.filter(({ status }) => status === 'pass').map(({ ratePerS }) => ratePerS);
  const broke = sure.filter(({ status }) => status === 'fail').map(({ ratePerS }) => ratePerS);
  if (held.length === 0 || broke.length === 0) return undefined;
  const from = Math.log(Math.min(...held, ...broke)) - 0.5;
  const to = Math.log(Math.max(...held, ...broke)) + 0.5;
  const points = tally(sure);
  const middles = Array.from({ length: Math.ceil((to - from) / stepRatio) }, (_, i) => from + i * stepRatio);
  let best = { likelihood: Number.NEGATIVE_INFINITY, middle: 0, spread: 0 };
  const profile = middles.map((middle) => {
    let most = Number.NEGATIVE_INFINITY;
    for (const spread of spreads) {
      const likelihood = likelihoodOf(points, { middle, spread }, noise);
      if (likelihood > best.likelihood) best = { likelihood, middle, spread };
      most = Math.max(most, likelihood);
    }
    return most;
  });
  const within = middles.filter(
    (_, i) => (profile[i] ?? Number.NEGATIVE_INFINITY) >= best.likelihood - dropMax,
  );
  return {
    lowerPerS: Math.exp(within[0] ?? from),
    upperPerS: Math.exp(within.at(-1) ?? to),
    // Where verdicts are apart, every middle between them is as likely: the best found is only the first of them.
    middlePerS: Math.exp(((within[0] ?? from) + (within.at(-1) ?? to)) / 2),
    spread: best.spread,
  };
}

interface Point {
  logRate: number;
  held: number;
  broke: number;
}

function tally(trials: readonly Pick<TrialOutcome, 'ratePerS' | 'status'>[]): Point[] {
  const points = new Map<number, Point>();
  for (const { ratePerS, status } of trials) {
    const point = points.get(ratePerS) ?? { logRate: Math.log(ratePerS), held: 0, broke: 0 };
    if (status === 'pass') point.held++;
    else point.broke++;
    points.set(ratePerS, point);
  }
  return [...points.values()];
}

function likelihoodOf(
  points: readonly Point[],
  { middle, spread }: { middle: number; spread: number },
  noise: Noise | null,
): number {
  // The scatter of like trials, normal about its mean.
  let sum =
    noise === null
      ? 0
      : -noise.freedom * Math.log(spread) - (noise.freedom * noise.spread ** 2) / (2 * spread ** 2);
  for (const { logRate, held, broke } of points) {
    const z = (middle - logRate) / spread;
    const normal = cumulativeStdNormalProbability(Math.max(-3, Math.min(3, z)));
    const holds = lapse / 2 + (1 - lapse) * normal;
    if (held > 0) sum += held * Math.log(holds);
    if (broke > 0) sum += broke * Math.log(1 - holds);
  }
  return sum;
}
