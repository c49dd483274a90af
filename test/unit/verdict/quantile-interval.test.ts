import { describe, expect, test } from 'vitest';
import { betaQuantile, clopperPearson, regularisedBeta } from '../../../src/base/binomial.ts';
import { quantileRanks } from '../../../src/verdict/quantile-interval.ts';

/** Plain sum of the binomial law, for small counts. */
function binomialAtMost(hits: number, trials: number, share: number): number {
  let term = (1 - share) ** trials;
  let sum = term;
  for (let k = 1; k <= hits; k++) {
    term *= ((trials - k + 1) / k) * (share / (1 - share));
    sum += term;
  }
  return sum;
}

describe('Clopper-Pearson', () => {
  // R: binom.test(x, n)$conf.int
  test.each([
    [0, 10, 0, 0.3084971],
    [5, 10, 0.187086, 0.812914],
    [10, 10, 0.6915029, 1],
    [1, 100, 0.000253146, 0.05445939],
  ])('%i of %i', (hits, trials, low, high) => {
    const [a, b] = clopperPearson(hits, trials);
    expect(a).toBeCloseTo(low, 6);
    expect(b).toBeCloseTo(high, 6);
  });

  test('no trials tell nothing', () => {
    expect(clopperPearson(0, 0)).toEqual([0, 1]);
  });

  test('the rule of three: 0 of 600,000 is below 5e-6', () => {
    expect(clopperPearson(0, 600_000, 0.9)[1]).toBeCloseTo(5e-6, 7);
  });
});

test('the beta function agrees with the binomial sum, and its quantile inverts it', () => {
  for (const [hits, trials, share] of [
    [3, 20, 0.1],
    [18, 20, 0.95],
    [50, 120, 0.4],
  ] as const) {
    const upper = 1 - binomialAtMost(hits - 1, trials, share);
    expect(regularisedBeta(share, hits, trials - hits + 1)).toBeCloseTo(upper, 10);
    expect(betaQuantile(upper, hits, trials - hits + 1)).toBeCloseTo(share, 9);
  }
});

describe('ranks that bound a quantile', () => {
  test('are the exact order-statistic interval', () => {
    for (const [share, count] of [
      [0.95, 150],
      [0.5, 30],
      [0.9, 100],
    ] as const) {
      const { low = 0, high = 0 } = quantileRanks({ share, count });
      expect(binomialAtMost(low - 1, count, share)).toBeLessThanOrEqual(0.025);
      expect(binomialAtMost(low, count, share)).toBeGreaterThan(0.025);
      expect(1 - binomialAtMost(high - 1, count, share)).toBeLessThanOrEqual(0.025);
      expect(1 - binomialAtMost(high - 2, count, share)).toBeGreaterThan(0.025);
    }
  });

  test('20 requests do not bound a P99 from above, nor 2 a median from below', () => {
    expect(quantileRanks({ share: 0.99, count: 20 }).high).toBe(undefined);
    expect(quantileRanks({ share: 0.5, count: 2 })).toEqual({});
    expect(quantileRanks({ share: 0.5, count: 0 })).toEqual({});
  });

  test('MLPerf: 90 requests with none over suffice for a P95 at 99 %', () => {
    expect(quantileRanks({ share: 0.95, count: 90, confidence: 0.98 }).high).toBe(90);
    expect(quantileRanks({ share: 0.95, count: 89, confidence: 0.98 }).high).toBe(undefined);
  });
});
