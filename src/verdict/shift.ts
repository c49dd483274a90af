import { medianSorted } from 'simple-statistics';
import { betaQuantile, regularisedBeta } from '../base/binomial.ts';

/** By how much one sample lies above another, in the unit of the values; here logarithms, so that it is a ratio. */
export interface Shift {
  estimate: number;
  /** Two-sided; infinite on a side that so few values do not bound. */
  interval: [number, number];
  /** One-sided: how often a shift at least so far up comes of equal distributions. */
  p: number;
}

const confidence = 0.95;

/**
 * Of pairs that are alike but for what is compared: Wilcoxon's signed-rank test, the Hodges-Lehmann estimate (the median
 * of all Walsh averages) and Tukey's interval by the same test (Hollander, Wolfe, Chicken, Nonparametric Statistical
 * Methods, 3rd ed., 3.1 to 3.3). The null distribution is exact, over all 2^n signs, with midranks for ties; pairs that
 * do not differ are left out of the test, not of the estimate.
 */
export function pairedShift(differences: readonly number[]): Shift {
  const averages = walshAverages(differences);
  const [low, high] = cutOf(nullOf(differences.map((_, i) => 2 * (i + 1))), averages.length);
  const moved = differences.filter((value) => value !== 0);
  const ranks = doubledRanks(moved.map(Math.abs));
  const up = moved.reduce((sum, value, i) => sum + (value > 0 ? (ranks[i] ?? 0) : 0), 0);
  const share = nullOf(ranks);
  return {
    estimate: medianSorted(averages),
    interval: [averages[low] ?? Number.NEGATIVE_INFINITY, averages[high] ?? Number.POSITIVE_INFINITY],
    p: share.slice(up).reduce((sum, one) => sum + one, 0),
  };
}

/**
 * Of two groups that were measured apart: Student's t with one variance for both (of one value it is the prediction
 * interval of the other group's next one). Undefined with fewer than two degrees of freedom.
 */
export function groupShift(before: readonly number[], after: readonly number[]): Shift | undefined {
  const freedom = before.length + after.length - 2;
  if (before.length === 0 || after.length === 0 || freedom < 2) return undefined;
  const estimate = mean(after) - mean(before);
  const variance = (squares(before) + squares(after)) / freedom;
  const error = Math.sqrt(variance * (1 / before.length + 1 / after.length));
  const reach = error * studentQuantile(confidence, freedom);
  return {
    estimate,
    interval: [estimate - reach, estimate + reach],
    p: error === 0 ? Number(estimate <= 0) : studentTail(estimate / error, freedom),
  };
}

/**
 * Of pairs in the order of time. Neighbours that go together are fewer observations than they look: beside the rank test
 * stands Student's t with n (1 - r) / (1 + r) observations (Bartlett 1935), r the correlation of neighbours as it is
 * estimated, less its bias of -1/n, and half its standard error; the more careful of the two holds. Undefined where they
 * go together so much that nothing is left to count.
 */
export function serialShift(differences: readonly number[]): Shift | undefined {
  const n = differences.length;
  const r = Math.max(0, neighbourCorrelation(differences) + 1 / n + 0.5 / Math.sqrt(n));
  const effective = (n * (1 - r)) / (1 + r);
  if (!(effective >= effectiveMin)) return undefined;
  const { estimate, interval, p } = pairedShift(differences);
  const middle = mean(differences);
  const error = Math.sqrt(squares(differences) / (n - 1) / effective);
  const reach = error * studentQuantile(confidence, effective - 1);
  const tail = error === 0 ? Number(middle <= 0) : studentTail(middle / error, effective - 1);
  return {
    estimate,
    interval: [Math.min(interval[0], middle - reach), Math.max(interval[1], middle + reach)],
    p: Math.max(p, tail),
  };
}

/** Fewer observations have no tail to speak of. */
const effectiveMin = 5;

/** Correlation of each value with the one after it. */
function neighbourCorrelation(values: readonly number[]): number {
  const middle = mean(values);
  const all = squares(values);
  const next = values
    .slice(1)
    .reduce((sum, value, i) => sum + (value - middle) * ((values[i] ?? 0) - middle), 0);
  return all === 0 ? 0 : next / all;
}

/**
 * Holm's step-down: which of these one-sided p may be taken for true, all of them together wrong in at most `level` of
 * the cases (Holm 1979).
 */
export function holm(ps: readonly number[], level: number): boolean[] {
  const order = ps.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p);
  const first = order.findIndex(({ p }, rank) => !(p <= level / (ps.length - rank)));
  const accepted = new Set((first < 0 ? order : order.slice(0, first)).map(({ i }) => i));
  return ps.map((_, i) => accepted.has(i));
}

/** Averages of each value with itself and with every other one, sorted. */
function walshAverages(values: readonly number[]): number[] {
  const averages = values.flatMap((a, i) => values.slice(i).map((b) => (a + b) / 2));
  return averages.sort((a, b) => a - b);
}

/** Positions of the two averages between which the shift lies. */
function cutOf(shares: readonly number[], averages: number): [low: number, high: number] {
  let below = 0;
  // The statistic is doubled: only even sums occur here.
  for (let cut = 0; cut * 2 < shares.length; cut++) {
    below += shares[cut * 2] ?? 0;
    if (below > (1 - confidence) / 2) return [cut - 1, averages - cut];
  }
  return [-1, averages];
}

/** Share of the 2^n choices of signs in which the ranks of the positive ones sum to each value. */
function nullOf(ranks: readonly number[]): number[] {
  let shares = [1];
  for (const rank of ranks) {
    const next = new Array<number>(shares.length + rank).fill(0);
    shares.forEach((share, sum) => {
      next[sum] = (next[sum] ?? 0) + share / 2;
      next[sum + rank] = (next[sum + rank] ?? 0) + share / 2;
    });
    shares = next;
  }
  return shares;
}

/** Twice the rank of each value, so that the middle rank of equal ones is a whole number. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((value) => sorted.indexOf(value) + sorted.lastIndexOf(value) + 2);
}

function studentTail(t: number, freedom: number): number {
  const beyond = regularisedBeta(freedom / (freedom + t * t), freedom / 2, 1 / 2) / 2;
  return t > 0 ? beyond : 1 - beyond;
}

/** |T| is below it with this probability. */
function studentQuantile(share: number, freedom: number): number {
  const x = betaQuantile(1 - share, freedom / 2, 1 / 2);
  return Math.sqrt((freedom * (1 - x)) / x);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function squares(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
}
