import type { PrometheusSeries } from './prometheus.ts';

/** A stretch of Prometheus's time, (fromS, toS], seconds since the epoch. */
export interface Span {
  fromS: number;
  toS: number;
}

/**
 * By how much a counter rose in the span, from its samples as scraped: no extrapolation, whole numbers stay whole. A
 * fall is a restart from 0. A series without a sample at or before fromS was born inside: its first sample counts.
 * Null without a sample in the span. What was counted after a killed process's last scrape is not in it.
 */
export function increaseOf(points: readonly [number, number][], span: Span): number | null {
  let last: number | undefined;
  let sum: number | null = null;
  for (const [atS, value] of points) {
    if (Number.isNaN(value) || atS > span.toS) continue;
    if (atS > span.fromS) sum = (sum ?? 0) + (last === undefined || value < last ? value : value - last);
    last = value;
  }
  return sum;
}

/** Over all series; null when none has a sample in the span. */
export function sumIncreases(series: readonly PrometheusSeries[], span: Span): number | null {
  let sum: number | null = null;
  for (const { points } of series) {
    const increase = increaseOf(points, span);
    if (increase !== null) sum = (sum ?? 0) + increase;
  }
  return sum;
}

/** The smallest usual distance of samples, s: the tenth percentile, so that gaps do not count. */
export function scrapeDistanceS(series: readonly PrometheusSeries[]): number | undefined {
  const distances = series
    .flatMap(({ points }) => points.slice(1).map(([atS], i) => atS - (points[i]?.[0] ?? atS)))
    .sort((a, b) => a - b);
  return distances.length < 3 ? undefined : distances[Math.floor(distances.length / 10)];
}

/**
 * Successful scrapes over expected ones, 0..1, from samples of `up`. A target that restarted under a new address is
 * still one target: series are counted together by `target`. A failed scrape is a sample too, so a target that has none
 * while others have is not there: of a pod that comes or goes the scrapes of its time are expected.
 */
export function coverageOf(
  up: readonly PrometheusSeries[],
  options: { span: Span; intervalS: number; target: (labels: Record<string, string>) => string },
): number | null {
  const { span, intervalS, target } = options;
  const targets = Map.groupBy(up, ({ labels }) => target(labels));
  const known = [...targets.values()].map((series) => knownTime(series.flatMap(({ points }) => points)));
  const firstS = Math.min(...known.map(({ fromS }) => fromS));
  const lastS = Math.max(...known.map(({ toS }) => toS));
  const sums = { good: 0, expected: 0 };
  for (const { fromS, toS, goodS } of known) {
    const came = fromS > firstS + 2 * intervalS;
    const went = toS < lastS - 2 * intervalS;
    const lifeS = {
      fromS: came ? Math.max(span.fromS, fromS - intervalS) : span.fromS,
      toS: went ? Math.min(span.toS, toS) : span.toS,
    };
    const expected = Math.floor((lifeS.toS - lifeS.fromS) / intervalS + 1e-6);
    if (expected < 1) continue;
    const good = goodS.filter((atS) => atS > lifeS.fromS && atS <= lifeS.toS).length;
    sums.good += Math.min(expected, good);
    sums.expected += expected;
  }
  return sums.expected === 0 ? null : sums.good / sums.expected;
}

/** From the first to the last sample, and when it was up, s. */
function knownTime(points: PrometheusSeries['points']): Span & { goodS: number[] } {
  const timesS = points.map(([atS]) => atS);
  const goodS = points.filter(([, value]) => value === 1).map(([atS]) => atS);
  return { fromS: Math.min(...timesS), toS: Math.max(...timesS), goodS };
}

/**
 * The quantile of a classic histogram from the rises of its buckets, linear inside a bucket. NaN without an
 * observation or without two bounds; beyond the last finite bound, +Infinity (PromQL would give that bound).
 */
export function quantileOfBuckets(buckets: readonly { le: number; count: number }[], share: number): number {
  const sorted = [...buckets].sort((a, b) => a.le - b.le);
  const total = sorted.at(-1)?.count ?? 0;
  if (sorted.length < 2 || !(total > 0) || sorted.at(-1)?.le !== Number.POSITIVE_INFINITY) return Number.NaN;
  const rank = share * total;
  let below = { le: 0, count: 0 };
  for (const bucket of sorted) {
    if (bucket.count >= rank) {
      if (bucket.le === Number.POSITIVE_INFINITY) return bucket.le;
      const inside = bucket.count - below.count;
      return inside <= 0 ? bucket.le : below.le + ((bucket.le - below.le) * (rank - below.count)) / inside;
    }
    below = bucket;
  }
  return Number.NaN;
}
