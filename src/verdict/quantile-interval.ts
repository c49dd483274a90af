import { regularisedBeta } from '../base/binomial.ts';

/**
 * Ranks (from 1) of the observations between which the true quantile lies: those x for which the Clopper-Pearson
 * interval of the share at or below x holds `share`. Undefined where `count` observations cannot bound that side.
 */
export function quantileRanks(options: { share: number; count: number; confidence?: number }): {
  low?: number;
  high?: number;
} {
  const { share, count, confidence = 0.95 } = options;
  const tail = (1 - confidence) / 2;
  // P(Bin(count, share) >= rank) falls as rank rises.
  const atLeast = (rank: number) => (rank > count ? 0 : regularisedBeta(share, rank, count - rank + 1));
  const low = lastWhere(count, (rank) => 1 - atLeast(rank) <= tail);
  const firstHigh = lastWhere(count, (rank) => atLeast(rank) > tail) + 1;
  return {
    ...(low >= 1 ? { low } : {}),
    ...(firstHigh <= count ? { high: firstHigh } : {}),
  };
}

/** The largest rank in 1..count for which `holds`, which holds for a first stretch of ranks only; 0 when for none. */
function lastWhere(count: number, holds: (rank: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
