import type { MemberRecord, RunRecord } from '../observe/evidence.ts';
import type { ThresholdSpec } from '../scenario/types.ts';
import { format, type Measured, none } from './measured.ts';
import { contains, type Window } from './windows.ts';

/** Of what one member used in a window; undefined: too little is known. */
interface Used {
  value: number;
  reason: string;
}

/** A look at a member, of whichever source. */
interface Sample {
  cpuCores?: number;
  rssBytes?: number;
  memoryBytes?: number;
  periods?: number;
  throttledPeriods?: number;
}

type Aggregation = ThresholdSpec['aggregation'];
type Read = (samples: readonly Sample[], member: MemberRecord, aggregation: Aggregation) => Used | string;

const usages = {
  cpu_ratio: (samples, { resources }, aggregation) =>
    share(known(samples, 'cpuCores'), (resources?.cpuMillis ?? Number.NaN) / 1000, {
      aggregation,
      of: 'CPU',
    }),
  memory_ratio: (samples, { resources }, aggregation) => {
    const workingSets = known(samples, 'memoryBytes');
    const used = workingSets.length > 0 ? workingSets : known(samples, 'rssBytes');
    return share(used, resources?.memoryBytes ?? Number.NaN, { aggregation, of: 'memory' });
  },
  throttled_ratio: (samples) => {
    const periods = sum(known(samples, 'periods'));
    const throttled = sum(known(samples, 'throttledPeriods'));
    if (!(periods > 0)) return 'no CPU period was counted in the window';
    return { value: throttled / periods, reason: `${format(throttled)} of ${format(periods)} CPU periods` };
  },
} as const satisfies Record<string, Read>;

export function isUsage(measure: string): measure is keyof typeof usages {
  return Object.hasOwn(usages, measure);
}

/** The most that a member in scope used of its limit; unknown as long as one of them is. */
export function usageValue(
  { members, processes, pods = [] }: Pick<RunRecord, 'members' | 'processes' | 'pods'>,
  question: {
    measure: keyof typeof usages;
    member: string | undefined;
    aggregation: Aggregation;
    window: Window;
  },
): Measured {
  const { measure, member: group, aggregation, window } = question;
  const inScope = members.filter((member) => group === undefined || member.group === group);
  let most: (Used & { name: string }) | undefined;
  for (const member of inScope) {
    const own = (sample: { member: string; atS: number }) =>
      sample.member === member.name && contains(window, sample.atS * 1e9);
    const used = usages[measure](samplesOf(processes.filter(own), pods.filter(own)), member, aggregation);
    if (typeof used === 'string') return none(`of ${member.name}: ${used}`);
    if (most === undefined || used.value > most.value) most = { ...used, name: member.name };
  }
  if (most === undefined) return none('the target has no member that squall can look at');
  return { value: most.value, reason: `by ${most.name}: ${most.reason}` };
}

/** A collector's own CPU is closer in time than the kubelet's, which stands in where it tells nothing. */
function samplesOf(processes: readonly Sample[], pods: readonly Sample[]): Sample[] {
  const counted = processes.length === 0 ? pods : pods.map(({ cpuCores: _, ...rest }) => rest);
  return [...processes, ...counted];
}

function known(samples: readonly Sample[], field: keyof Sample): number[] {
  return samples.flatMap((sample) => sample[field] ?? []);
}

function share(
  used: readonly number[],
  limit: number,
  { aggregation, of }: { aggregation: Aggregation; of: string },
): Used | string {
  if (!(limit > 0)) return `it has no limit of ${of}`;
  if (used.length === 0) return `nothing is known of its ${of} in the window`;
  const value =
    aggregation === 'avg' ? sum(used) / used.length : used.reduce((most, one) => Math.max(most, one));
  return { value: value / limit, reason: `${used.length} samples of ${of}` };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
