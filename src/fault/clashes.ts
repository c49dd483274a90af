import type { ErrorParts } from '../base/errors.ts';
import type { Plan, PlannedFault } from '../plan/types.ts';
import type { FaultSpec } from '../scenario/types.ts';

/** What a kind takes for itself on a member while it lasts. Two faults on one of these undo each other's effect. */
const holds: Record<string, 'process' | 'config' | 'link' | 'storage' | 'sink'> = {
  'container-kill': 'process',
  'container-pause': 'process',
  'collector-reconfigure': 'config',
  'tls-expiry': 'config',
  'network-partition': 'link',
  'network-delay': 'link',
  'network-bandwidth': 'link',
  'connection-reset': 'link',
  'disk-fill': 'storage',
  'backend-outage': 'sink',
};

/** Pairs of faults that may act on one thing of one member at one time; each is a mistake of the scenario. Pure. */
export function findClashes(plan: Plan): ErrorParts[] {
  return plan.faults.flatMap((first, index) =>
    plan.faults
      .slice(index + 1)
      .filter((second) => overlapInTime(first, second) && shareHold(first, second))
      .map((second) => clashOf(first, second)),
  );
}

/** A one-shot fault is an instant; two instants meet only when they are the same. */
function overlapInTime(a: PlannedFault, b: PlannedFault): boolean {
  if (a.startNs === b.startNs) return true;
  const [early, late] = a.startNs < b.startNs ? [a, b] : [b, a];
  return late.startNs < (early.endNs ?? early.startNs);
}

function shareHold(a: PlannedFault, b: PlannedFault): boolean {
  const hold = holdOf(a.spec);
  if (hold === undefined || hold !== holdOf(b.spec)) return false;
  return hold === 'sink' || sharesMember(a.spec.selector.member, b.spec.selector.member);
}

/** What a fault takes for itself on each of its members while it lasts; undefined: nothing. */
export function holdOf({ kind, params }: FaultSpec): string | undefined {
  const hold = holds[kind];
  return hold === 'link' ? `link to ${String(params.peer ?? 'load')}` : hold;
}

/** A selector names a group (collector) or one replica of it (collector-0); none means any member. */
function sharesMember(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true;
  const replicaOf = (group: string, name: string) =>
    name.startsWith(`${group}-`) && /^\d+$/.test(name.slice(group.length + 1));
  return replicaOf(a, b) || replicaOf(b, a);
}

function clashOf(first: PlannedFault, second: PlannedFault): ErrorParts {
  return {
    code: 'SQ-FAULT-CLASH',
    what: `${first.spec.name} and ${second.spec.name} act on the same ${holdOf(first.spec)} at the same time`,
    where: `faults.${second.spec.name}`,
    expected: `a start at or after ${(first.endNs ?? first.startNs) / 1e9} s, or another member`,
    found: `${second.spec.kind} at ${second.startNs / 1e9} s during ${first.spec.kind}`,
    next: `change faults.${second.spec.name}.at`,
  };
}
