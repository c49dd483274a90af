/** A point of the timeline as report.json has it: an infinite value is the text "Infinity". */
export type RawPoint = [number, number | string | null];
export type Point = [number, number | null];

/**
 * The minimum and the maximum of each of `buckets` equal spans of points, in the order they came, so
 * that no spike and no dip is lost; a gap within a span stays a gap. Series of at most two points a
 * bucket are left as they are.
 */
export function envelope(points: readonly Point[], buckets: number): Point[] {
  if (points.length <= buckets * 2) return [...points];
  const out: Point[] = [];
  for (let b = 0; b < buckets; b++) {
    const from = Math.floor((b * points.length) / buckets);
    const to = Math.floor(((b + 1) * points.length) / buckets);
    pushExtremes(points, from, to, out);
  }
  return out;
}

function pushExtremes(points: readonly Point[], from: number, to: number, out: Point[]): void {
  let low: number | undefined;
  let high: number | undefined;
  let gap: number | undefined;
  for (let i = from; i < to; i++) {
    const value = points[i]?.[1];
    if (value === null || value === undefined) {
      gap ??= i;
      continue;
    }
    if (low === undefined || value < (points[low]?.[1] ?? 0)) low = i;
    if (high === undefined || value > (points[high]?.[1] ?? 0)) high = i;
  }
  const kept = new Set([low, high, gap].filter((i) => i !== undefined));
  for (const i of [...kept].sort((a, b) => a - b)) {
    const point = points[i];
    if (point !== undefined) out.push(point);
  }
}

/** Finite points with gaps, and apart from them the moments at which the value was infinite. */
export function splitInfinite(points: readonly RawPoint[]): { finite: Point[]; infiniteAtS: number[] } {
  const finite: Point[] = [];
  const infiniteAtS: number[] = [];
  for (const [at, raw] of points) {
    const value = raw === null ? Number.NaN : Number(raw);
    if (value === Number.POSITIVE_INFINITY) infiniteAtS.push(at);
    finite.push([at, Number.isFinite(value) ? value : null]);
  }
  return { finite, infiniteAtS };
}
