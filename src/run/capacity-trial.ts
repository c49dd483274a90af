import type { TrialOrder } from '../capacity/types.ts';
import type { CapacitySpec } from '../scenario/capacity-spec.ts';
import type { CollectorSpec, FaultSpec, LoadSpec, Scenario, SloSpec, TargetSpec } from '../scenario/types.ts';

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
  const { variant } = order;
  const durationMs = times.warmupMs + times.measureMs;
  const load = Object.entries(scenario.load).map(([name, spec]): [string, LoadSpec] => {
    if (spec.executor.kind !== 'constant-arrival-rate') return [name, spec];
    const rate =
      name === capacity.vary ? { items: Math.round(order.ratePerS), perMs: 1000 } : spec.executor.rate;
    return [name, { ...spec, startMs: 0, executor: { ...spec.executor, rate, durationMs } }];
  });
  return {
    ...scenario,
    target: withPods(scenario.target, variant?.pods),
    warmupMs: times.warmupMs,
    load: Object.fromEntries(load),
    faults: scenario.faults
      .filter(({ name }) => name === variant?.fault)
      .map((fault) => whole(fault, durationMs)),
    slos: scenario.slos.flatMap((slo) => trialSlo(scenario, slo)),
  };
}

/** From the first item to the last; what happens at an instant happens at the start. */
function whole(fault: FaultSpec, durationMs: number): FaultSpec {
  return { ...fault, atMs: 0, ...(fault.durationMs === undefined ? {} : { durationMs }) };
}

/** So many replicas of each group that nothing of the target sends to. */
function withPods(target: TargetSpec, pods: number | undefined): TargetSpec {
  if (pods === undefined || (target.kind !== 'local' && target.kind !== 'docker')) return target;
  const fed = new Set(Object.values(target.members).map(({ sendsTo }) => sendsTo));
  const grown = <M extends CollectorSpec>(members: Record<string, M>): Record<string, M> =>
    Object.fromEntries(
      Object.entries(members).map(([name, member]) => [
        name,
        fed.has(name) ? member : { ...member, replicas: pods },
      ]),
    );
  return target.kind === 'local'
    ? { ...target, members: grown(target.members) }
    : { ...target, members: grown(target.members) };
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
