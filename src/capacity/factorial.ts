import type { Noise } from './confidence.ts';

/** A place of the scenario (as --set has it) and the two values to try there; the first is the one to begin with. */
export interface Factor {
  path: string;
  values: readonly [string, string];
}

/** One combination: for each factor whether it stands at its second value. */
export type Cell = readonly boolean[];

export interface Effect {
  path: string;
  values: readonly [string, string];
  /** CPU per item at the second value over that at the first, over all combinations of the others; with 95 % bounds. */
  ratio: number;
  interval: [number, number];
  /** What to set: the better one where the interval leaves no doubt; undefined: it makes no difference that was seen. */
  choose?: string;
}

/** Up to three factors in all combinations, a fourth along with the product of the other three: 8 cells at most. */
export function cellsOf(factors: number): Cell[] {
  const free = Math.min(3, factors);
  return Array.from({ length: 2 ** free }, (_, i) => {
    const cell = Array.from({ length: free }, (__, bit) => ((i >> bit) & 1) === 1);
    // Half of a design of four: its main effects are mixed up with those of three at once only.
    return factors <= 3 ? cell : [...cell, cell.filter(Boolean).length % 2 === 1];
  });
}

/** As --set has them. */
export function setsOf(factors: readonly Factor[], cell: Cell): string[] {
  return factors.map(({ path, values }, i) => `${path}=${cell[i] === true ? values[1] : values[0]}`);
}

/**
 * Main effects on the CPU per item: means of the logarithms at both values. Their error is that of like trials, which
 * the search has measured. Cells without a figure are left out of their side.
 */
export function effectsOf(
  factors: readonly Factor[],
  cells: readonly { cell: Cell; cpuSPerMillion: number | undefined }[],
  noise: Noise | null,
): Effect[] {
  return factors.map(({ path, values }, i) => {
    const side = (high: boolean) =>
      cells.flatMap(({ cell, cpuSPerMillion: cpu }) =>
        cell[i] === high && cpu !== undefined && cpu > 0 ? [Math.log(cpu)] : [],
      );
    const [low, high] = [side(false), side(true)];
    if (low.length === 0 || high.length === 0)
      return { path, values, ratio: 1, interval: [0, Number.POSITIVE_INFINITY] };
    const effect = mean(high) - mean(low);
    const error = (noise?.spread ?? unknownNoise) * Math.sqrt(1 / low.length + 1 / high.length);
    const reach = studentOf(noise?.freedom ?? 1) * error;
    const interval: [number, number] = [Math.exp(effect - reach), Math.exp(effect + reach)];
    const choose = interval[1] < 1 ? values[1] : interval[0] > 1 ? values[0] : undefined;
    return { path, values, ratio: Math.exp(effect), interval, ...(choose === undefined ? {} : { choose }) };
  });
}

/** Where like trials were not measured. */
const unknownNoise = 0.1;

/** Student's t, 95 % two-sided, by degrees of freedom; between those the larger. */
function studentOf(freedom: number): number {
  const table = [12.7, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
  return table[Math.max(1, Math.floor(freedom)) - 1] ?? 2.1;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
