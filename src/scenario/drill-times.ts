import type { DrillStep } from './drill-spec.ts';

/** To see a fault act, to undo it and to see it gone takes a moment each. */
const strokeMs = 30_000;
/** The load goes on for so long after the last fault is over: what was due then shows the recovery. */
export const drillTailMs = 10_000;

/** Beyond the time of an alert: that one is gone is seen two or three evaluations later. */
export const alertLookMs = 5_000;

/** When each fault of a drill begins at the latest, and when all of it is over; ms from the start of the load. */
export function drillTimes(
  drill: readonly DrillStep[],
  options: { fromMs: number; durationMs(fault: string): number },
): { atMs: Map<string, number>; endMs: number } {
  const atMs = new Map<string, number>();
  let nowMs = options.fromMs;
  let overMs = options.fromMs;
  for (const step of drill) {
    if (step.kind === 'suspend') nowMs += step.deadlineMs;
    if (step.kind === 'fault') {
      const startMs = Math.max(nowMs, overMs);
      atMs.set(step.fault, startMs);
      nowMs = startMs + strokeMs;
      overMs = startMs + options.durationMs(step.fault) + strokeMs;
    }
    if (step.kind === 'expect') {
      nowMs = Math.max(nowMs, (atMs.get(step.fault) ?? 0) + step.firesWithinMs + alertLookMs);
      if (step.resolvesWithinMs !== undefined)
        nowMs = Math.max(nowMs, overMs + step.resolvesWithinMs + alertLookMs);
    }
  }
  return { atMs, endMs: Math.max(nowMs, overMs) + drillTailMs };
}
