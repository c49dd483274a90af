import type { CapacitySpec } from './capacity-spec.ts';
import type { CompareSpec } from './compare-spec.ts';
import type { DraftStep } from './drill-schema.ts';
import type { Path } from './mistakes.ts';
import type { FaultSpec, LoadSpec, Scenario, TargetSpec, ThresholdSpec } from './types.ts';

/** A scenario as far as it could be parsed: what the checks of meaning work on. */
export interface Draft {
  /** Undefined where the part has mistakes of form. */
  target: TargetSpec | undefined;
  /** False: fields of the target with mistakes were left out of it. */
  targetWhole: boolean;
  /** Kinds of faults that the target can do. */
  able: string[];
  warmupMs: number;
  /** 'wrong': there are some, with mistakes of form. */
  limits: Scenario['limits'] | 'wrong';
  load: { name: string; path: Path; spec: LoadSpec | undefined }[];
  faults: DraftFault[];
  slos: DraftSlo[];
  /** Undefined where there is none, or one with mistakes of form. */
  capacity: CapacitySpec | undefined;
  compare: CompareSpec | undefined;
  /** Undefined where there is none, or no list. */
  drill: DraftStep[] | undefined;
}

export interface DraftFault {
  name: string | undefined;
  kind: string | undefined;
  path: Path;
  spec: FaultSpec | undefined;
}

/** An SLO whose form is right; measure, window and thresholds are still texts. */
export interface DraftSlo {
  path: Path;
  name: string | undefined;
  measure: string | undefined;
  promql: string | undefined;
  unit: string | undefined;
  window: string | undefined;
  thresholds: Pick<ThresholdSpec, 'text' | 'abortOnFail' | 'delayAbortEvalMs'>[];
}

/** End of an entry, ms from the start of the load; a closed entry's bound. */
export function entryEndMs(spec: LoadSpec): number {
  const { executor } = spec;
  switch (executor.kind) {
    case 'constant-arrival-rate':
      return spec.startMs + executor.durationMs;
    case 'ramping-arrival-rate':
      return spec.startMs + executor.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
    case 'shared-iterations':
      return spec.startMs + executor.maxDurationMs;
    default:
      return executor satisfies never;
  }
}

/** Items of an entry as a float, for bounds; the plan has the exact count. */
export function approximateItems(spec: LoadSpec): number {
  const { executor } = spec;
  if (executor.kind === 'shared-iterations') return executor.items;
  if (executor.kind === 'constant-arrival-rate') {
    return (executor.rate.items / executor.rate.perMs) * executor.durationMs;
  }
  let from = executor.startRate.items / executor.startRate.perMs;
  let items = 0;
  for (const stage of executor.stages) {
    const to = stage.rate.items / stage.rate.perMs;
    items += ((from + to) / 2) * stage.durationMs;
    from = to;
  }
  return items;
}

/** Highest items per second of an entry; Infinity for a closed one. */
export function peakPerS(spec: LoadSpec): number {
  const { executor } = spec;
  if (executor.kind === 'shared-iterations') return Number.POSITIVE_INFINITY;
  const rates =
    executor.kind === 'constant-arrival-rate'
      ? [executor.rate]
      : [executor.startRate, ...executor.stages.map((stage) => stage.rate)];
  return Math.max(...rates.map((rate) => (rate.items / rate.perMs) * 1000));
}

/** A stage's window name: as written, or its number from 1. */
export function stageName(stage: { name?: string }, index: number): string {
  return stage.name ?? String(index + 1);
}
