import { availableParallelism } from 'node:os';
import { cellsOf, setsOf } from '../capacity/factorial.ts';
import type { StudySettings } from '../capacity/study.ts';
import type { CapacitySpec } from '../scenario/capacity-spec.ts';
import type { Scenario } from '../scenario/types.ts';
import type { SearchHead } from './capacity-record.ts';

/** Of this machine's CPU that replicas may take together; load, sink and observers need the rest. */
const cpuShareMax = 0.75;

/** What follows a search that finds a capacity; undefined where the scenario asks for nothing more. */
export function studyOf(
  { target }: Scenario,
  capacity: CapacitySpec,
  { pods, workload }: Pick<SearchHead, 'pods' | 'workload'>,
): StudySettings | undefined {
  const { replicas, underFault, factors, peakPerS, safetyFactor, tolerateLoss, minReplicas } = capacity;
  if (peakPerS === undefined && replicas.length + underFault.length + factors.length === 0) return undefined;
  return {
    pods,
    replicas,
    ...podsHere(target, { pods, cpuMillis: workload.cpuMillis }),
    faults: underFault,
    factors,
    ...(peakPerS === undefined ? {} : { sizing: { peakPerS, safetyFactor, tolerateLoss, minReplicas } }),
  };
}

function podsHere(
  target: Scenario['target'],
  { pods, cpuMillis }: { pods: number; cpuMillis: number | undefined },
): Pick<StudySettings, 'podsMax' | 'podsReason'> {
  if (target.kind !== 'local' && target.kind !== 'docker')
    return { podsMax: pods, podsReason: `squall starts none on ${target.kind}` };
  if (cpuMillis === undefined) return { podsMax: pods, podsReason: 'they have no CPU limit to count with' };
  const cores = availableParallelism();
  return {
    podsMax: Math.max(pods, Math.floor((cpuShareMax * 1000 * cores) / cpuMillis)),
    podsReason: `${cpuMillis}m CPU each, and this machine has ${cores} cores`,
  };
}

/** Every combination of settings that a study tries, as --set has them. */
export function cellSets({ factors }: CapacitySpec): string[][] {
  return factors.length === 0 ? [] : cellsOf(factors.length).map((cell) => setsOf(factors, cell));
}
