import type { GoalVerdict } from './types.ts';

/** Items that were due and had not arrived behind the target, at the end of each second of the measured part. */
export type BacklogPoint = readonly [atS: number, items: number];

export interface SlopeVerdict {
  verdict: GoalVerdict;
  /** Growth in items per second, and its 95 % interval. */
  perS: number;
  interval: [number, number];
}

const z95 = 1.96;
/** Through fewer points any line can be drawn. */
export const backlogPointsMin = 5;

/**
 * Whether a backlog grows by at most `allowedPerS`: a straight line through the points, whose error counts that
 * neighbouring points are alike (AR(1): n shrinks by (1 - r) / (1 + r)). It closes the loophole of a queue, which
 * answers at once and swallows an overload until it is full.
 */
export function judgeBacklog(points: readonly BacklogPoint[], allowedPerS: number): SlopeVerdict {
  const n = points.length;
  if (n < backlogPointsMin) return { verdict: 'unknown', perS: 0, interval: [-Infinity, Infinity] };
  const meanAt = mean(points.map(([at]) => at));
  const meanItems = mean(points.map(([, items]) => items));
  let [across, along] = [0, 0];
  for (const [at, items] of points) {
    across += (at - meanAt) * (items - meanItems);
    along += (at - meanAt) ** 2;
  }
  const perS = across / along;
  const rest = points.map(([at, items]) => items - meanItems - perS * (at - meanAt));
  const alike = Math.min(0.95, Math.max(0, likeness(rest)));
  const effective = Math.max(3, (n * (1 - alike)) / (1 + alike));
  const squares = rest.reduce((total, value) => total + value * value, 0);
  const error = Math.sqrt(squares / n / (effective - 2) / (along / n));
  const interval: [number, number] = [perS - z95 * error, perS + z95 * error];
  const verdict = interval[1] <= allowedPerS ? 'pass' : interval[0] > allowedPerS ? 'fail' : 'unknown';
  return { verdict, perS, interval };
}

/** Correlation of each with the one after it. */
function likeness(values: readonly number[]): number {
  let [product, squares] = [0, 0];
  values.forEach((value, i) => {
    squares += value * value;
    product += value * (values[i + 1] ?? 0);
  });
  return squares === 0 ? 0 : product / squares;
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
