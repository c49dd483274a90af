/**
 * Gunther's universal scalability law: N replicas carry c N / (1 + sigma (N - 1) + kappa N (N - 1)), c being what one
 * carries. Only for replicas; latency follows no such law.
 */
export interface Usl {
  /** What one replica carries. */
  onePerS: number;
  /** Share of the work that replicas queue for. */
  sigma: number;
  /** Share that each pair of them costs. */
  kappa: number;
}

/** Least squares on N c / X(N) - 1, which is linear in both; neither is below 0. */
export function fitUsl(onePerS: number, points: readonly { pods: number; perS: number }[]): Usl {
  let [aa, ab, bb, ay, by] = [0, 0, 0, 0, 0];
  for (const { pods, perS } of points) {
    const [a, b, y] = [pods - 1, pods * (pods - 1), (pods * onePerS) / perS - 1];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    ay += a * y;
    by += b * y;
  }
  const determinant = aa * bb - ab * ab;
  const both = { sigma: (ay * bb - by * ab) / determinant, kappa: (aa * by - ab * ay) / determinant };
  // One number of replicas tells no two constants, and a negative one would be a gain from nothing.
  if (points.length > 1 && both.sigma >= 0 && both.kappa >= 0) return { onePerS, ...both };
  const sigma = Math.max(0, ay / aa);
  return { onePerS, sigma, kappa: 0 };
}

export function carriedBy({ onePerS, sigma, kappa }: Usl, pods: number): number {
  return (onePerS * pods) / (1 + sigma * (pods - 1) + kappa * pods * (pods - 1));
}

/** The least number of replicas that carries this much; undefined where none of up to `most` does. */
export function podsFor(usl: Usl, perS: number, most = 10_000): number | undefined {
  for (let pods = 1; pods <= most; pods++) if (carriedBy(usl, pods) >= perS) return pods;
  return undefined;
}
