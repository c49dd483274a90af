/**
 * Bounds of squall's own latency histogram, ms. Limits that people set are bounds, so that a quantile checked there
 * needs no interpolation.
 */
export const ackBoundsMs: readonly number[] = [
  0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000,
  30_000, 60_000,
];

/** Counts at or below each bound, and of all last. */
export function emptyAckBuckets(): number[] {
  return new Array<number>(ackBoundsMs.length + 1).fill(0);
}

/** +Infinity, a request never acknowledged, falls under no bound but counts in all. */
export function addAckMs(buckets: number[], latencyMs: number): void {
  for (let i = ackBoundsMs.length - 1; i >= 0 && latencyMs <= (ackBoundsMs[i] ?? 0); i--)
    buckets[i] = (buckets[i] ?? 0) + 1;
  buckets[ackBoundsMs.length] = (buckets[ackBoundsMs.length] ?? 0) + 1;
}

export function sumAckBuckets(parts: readonly (readonly number[] | undefined)[]): number[] {
  const sum = emptyAckBuckets();
  for (const part of parts) for (const [i, count] of (part ?? []).entries()) sum[i] = (sum[i] ?? 0) + count;
  return sum;
}
