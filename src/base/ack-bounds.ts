/**
 * Bounds of squall's own latency histogram, ms. Limits that people set are bounds, so that a quantile checked there
 * needs no interpolation.
 */
export const ackBoundsMs: readonly number[] = [
  0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2000, 5000, 10_000,
  30_000, 60_000,
];
