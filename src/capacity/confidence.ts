import type { TrialOutcome } from './types.ts';

/** k of k passed: the pass rate is at least this, one-sided at 95 % (5 of 5: 0.55; 14 of 14: 0.81). */
export function passShareAtLeast(passes: number): number {
  return passes <= 0 ? 0 : 0.05 ** (1 / passes);
}

/**
 * Spread (coefficient of variation) of the CPU time per item over trials of one rate and one length, pooled over
 * rates: what a capacity measured again would differ by. Null without two like trials.
 */
export function spreadOf(outcomes: readonly TrialOutcome[]): number | null {
  const groups = new Map<string, number[]>();
  for (const { status, ratePerS, measureS, cpuSPerMillion: cpu } of outcomes) {
    if (status === 'invalid' || cpu === undefined || !(cpu > 0)) continue;
    const key = `${ratePerS}/${measureS}`;
    groups.set(key, [...(groups.get(key) ?? []), Math.log(cpu)]);
  }
  let [squares, freedom] = [0, 0];
  for (const logs of groups.values()) {
    const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
    for (const value of logs) squares += (value - mean) ** 2;
    freedom += logs.length - 1;
  }
  return freedom === 0 ? null : Math.sqrt(squares / freedom);
}
