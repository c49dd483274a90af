import type { DrillStep } from './drill-spec.ts';

/** To put a fault in place and see it act, and to undo it and see it gone, takes a moment each; some kinds take more. */
const strokeMs = 30_000;
/** A kind that says more waits for what it may well not wait for, such as pods that a budget keeps. */
const strokeMaxMs = 600_000;
/** The load goes on for so long after the last fault is over: what was due then shows the recovery. */
export const drillTailMs = 10_000;

/** Before a fault and beyond the time of its alert at least: a Prometheus of squall's evaluates its rules every second. */
export const alertLookMs = 5_000;
/** Evaluations after the start of Prometheus before its alerts can be seen, and after an alert before its end can. */
export const alertEvaluations = 4;

export interface DrillLength {
  fromMs: number;
  /** Of a fault by its name. */
  durationMs(fault: string): number;
  /** How long a fault may take to be in place and to be gone, as its kind says. */
  strokeMs(fault: string): { effectMs: number; absenceMs: number };
  /** Between two evaluations of the rules, the slowest of them. */
  everyMs: number;
}

/** When each fault of a drill begins at the latest, and when all of it is over; ms from the start of the load. */
export function drillTimes(
  drill: readonly DrillStep[],
  { fromMs, durationMs, strokeMs: strokeOf, everyMs }: DrillLength,
): { atMs: Map<string, number>; endMs: number } {
  const atMs = new Map<string, number>();
  let nowMs = fromMs;
  let overMs = fromMs;
  const lookMs = Math.max(alertLookMs, alertEvaluations * everyMs);
  const atLeast = (ms: number) => Math.min(strokeMaxMs, Math.max(strokeMs, ms));
  for (const step of drill) {
    if (step.kind === 'suspend') nowMs += step.deadlineMs;
    if (step.kind === 'fault') {
      // Before it the rules of its alerts are to be evaluated once.
      const startMs = Math.max(nowMs, overMs) + lookMs;
      atMs.set(step.fault, startMs);
      const { effectMs, absenceMs } = strokeOf(step.fault);
      nowMs = startMs + atLeast(effectMs);
      overMs = startMs + Math.max(durationMs(step.fault), atLeast(effectMs)) + atLeast(absenceMs);
    }
    if (step.kind === 'expect') {
      nowMs = Math.max(nowMs, (atMs.get(step.fault) ?? 0) + step.firesWithinMs + lookMs);
      if (step.resolvesWithinMs !== undefined)
        nowMs = Math.max(nowMs, overMs + step.resolvesWithinMs + lookMs);
    }
  }
  return { atMs, endMs: Math.max(nowMs, overMs) + drillTailMs };
}
