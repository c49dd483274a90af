import { clopperPearson } from '../base/binomial.ts';
import type { TrialOutcome } from './types.ts';

/** So many passed: the pass rate is at least this, one-sided at 95 % (5 of 5: 0.55; 14 of 14: 0.81). */
export function passShareAtLeast(passed: number, of = passed): number {
  return clopperPearson(passed, of, 0.9)[0];
}

/** How far like trials lie apart. */
export interface Noise {
  /** Coefficient of variation of one trial. */
  spread: number;
  /** Trials that tell of it, less one for each rate. */
  freedom: number;
}

/**
 * Spread of the CPU time per item over trials of one rate and one length, pooled over rates: what a capacity measured
 * again would differ by. Null without two like trials.
 */
export function noiseOf(outcomes: readonly TrialOutcome[]): Noise | null {
  const groups = new Map<string, number[]>();
  for (const { status, ratePerS, measureS, variant, cpuSPerMillion: cpu } of outcomes) {
    if (status === 'invalid' || cpu === undefined || !(cpu > 0)) continue;
    const key = `${variant?.name ?? ''}/${ratePerS}/${measureS}`;
    groups.set(key, [...(groups.get(key) ?? []), Math.log(cpu)]);
  }
  let [squares, freedom] = [0, 0];
  for (const logs of groups.values()) {
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    for (const value of logs) squares += (value - mean) ** 2;
    freedom += logs.length - 1;
  }
  return freedom === 0 ? null : { spread: Math.sqrt(squares / freedom), freedom };
}
