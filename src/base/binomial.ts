import { gammaln } from 'simple-statistics';

/**
 * Exact binomial intervals (Clopper and Pearson 1934). The beta quantile is found by bisecting the regularised
 * incomplete beta function, which rests on the log-gamma of simple-statistics (it has no beta itself).
 */

/** Two-sided interval of the rate behind `hits` of `trials`, both ends in [0, 1]; no trials tell nothing. */
export function clopperPearson(hits: number, trials: number, confidence = 0.95): [number, number] {
  if (trials <= 0) return [0, 1];
  const tail = (1 - confidence) / 2;
  const low = hits <= 0 ? 0 : betaQuantile(tail, hits, trials - hits + 1);
  const high = hits >= trials ? 1 : betaQuantile(1 - tail, hits + 1, trials - hits);
  return [low, high];
}

/** x with I_x(a, b) = share, by bisection to the last bit that a double can tell. */
export function betaQuantile(share: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (regularisedBeta(middle, a, b) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, b) by Lentz's continued fraction (Numerical Recipes, 6.4); relative error below 1e-10. */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-14) break;
  }
  return fraction;
}
