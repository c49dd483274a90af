import type { TrialOrder } from '../capacity/types.ts';
import type { CapacitySpec } from '../scenario/capacity-spec.ts';
import type { LoadSpec, Scenario, SloSpec } from '../scenario/types.ts';

export interface TrialTimes {
  warmupMs: number;
  measureMs: number;
}

/** One trial as a scenario: every entry steady for warmup and measured part, the searched one at the trial's rate. */
export function trialScenario(
  scenario: Scenario,
  capacity: CapacitySpec,
  trial: { order: TrialOrder; times: TrialTimes },
): Scenario {
  const { order, times } = trial;
  const durationMs = times.warmupMs + times.measureMs;
  const load = Object.entries(scenario.load).map(([name, spec]): [string, LoadSpec] => {
    if (spec.executor.kind !== 'constant-arrival-rate') return [name, spec];
    const rate =
      name === capacity.vary ? { items: Math.round(order.ratePerS), perMs: 1000 } : spec.executor.rate;
    return [name, { ...spec, startMs: 0, executor: { ...spec.executor, rate, durationMs } }];
  });
  return {
    ...scenario,
    warmupMs: times.warmupMs,
    load: Object.fromEntries(load),
    faults: [],
    slos: scenario.slos.flatMap((slo) => trialSlo(scenario, slo)),
  };
}

/**
 * SLOs that mean the same at every rate: those of absolute rates would only repeat the trial's own, and those of windows
 * that a fault bounds have none here; "before" a fault is the run. Nothing stops a trial, so that trials are of one length.
 */
function trialSlo(scenario: Scenario, slo: SloSpec): SloSpec[] {
  const { source } = slo;
  if (source.kind === 'measure' && /_rate$/.test(source.measure)) return [];
  if (source.kind === 'measure' && source.tags.fault !== undefined) return [];
  const before = slo.window.startsWith('before:');
  if (!before && slo.window !== 'run' && scenario.load[slo.window] === undefined) return [];
  const thresholds = slo.thresholds.map((threshold) => ({ ...threshold, abortOnFail: false }));
  return [{ ...slo, window: before ? 'run' : slo.window, thresholds }];
}

/** SLOs of the scenario that a search leaves out, by name. */
export function leftOut(scenario: Scenario): string[] {
  return scenario.slos.filter((slo) => trialSlo(scenario, slo).length === 0).map(({ name }) => name);
}
