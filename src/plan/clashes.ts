import type { ErrorParts } from '../base/errors.ts';
import { formatDuration } from '../base/units.ts';
import type { FaultSpec } from '../scenario/types.ts';
import type { PlannedFault } from './types.ts';

/**
 * Pairs of faults that may act on one thing at one time, each a mistake of the scenario: the second's undo would end
 * the first. Two faults may touch in time; two at one instant overlap. A kill during a partition is a drill; a kill
 * during a pause would undo the pause. `faults` in any order.
 */
export function findClashes(faults: readonly PlannedFault[]): ErrorParts[] {
  const inOrder = faults.toSorted((a, b) => a.startNs - b.startNs);
  return inOrder.flatMap((a, index) =>
    inOrder
      .slice(index + 1)
      .filter((b) => overlap(a, b) && meet(a.spec, b.spec))
      .map((b) => clashOf(a.spec, b.spec)),
  );
}

/** What a fault takes for itself on each of its members while it lasts, such as `process` or `link to sink`. */
export function holdOf({ acts, params }: FaultSpec): string | undefined {
  return acts === 'link' ? `link to ${String(params.peer ?? 'load')}` : acts;
}

function overlap(early: PlannedFault, late: PlannedFault): boolean {
  return late.startNs === early.startNs || late.startNs < (early.endNs ?? early.startNs);
}

function meet(a: FaultSpec, b: FaultSpec): boolean {
  const hold = holdOf(a);
  if (hold === undefined || hold !== holdOf(b)) return false;
  // Members of one node meet there; which node it will be is known only in the cluster.
  return hold === 'sink' || hold === 'node' || sharesMember(a.selector.member, b.selector.member);
}

/** A selector names a group (collector) or one replica of it (collector-0); none means any member. */
function sharesMember(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true;
  const replicaOf = (group: string, name: string) =>
    name.startsWith(`${group}-`) && /^\d+$/.test(name.slice(group.length + 1));
  return replicaOf(a, b) || replicaOf(b, a);
}

function clashOf(a: FaultSpec, b: FaultSpec): ErrorParts {
  const thing = a.acts === 'sink' ? 'the sink' : `the ${holdOf(a)} of ${a.selector.member ?? 'a member'}`;
  return {
    code: 'SQ-FAULT-CLASH',
    what: `${a.name} and ${b.name} act on ${thing} at the same time`,
    expected: 'one fault at a time on each process, link, configuration, volume, node and sink',
    found: `${a.name} ${span(a)}, ${b.name} ${span(b)}`,
    next: `move ${b.name} or shorten ${a.name}`,
  };
}

function span({ atMs, durationMs }: FaultSpec): string {
  const from = formatDuration(atMs);
  return durationMs === undefined ? `at ${from}` : `${from} to ${formatDuration(atMs + durationMs)}`;
}
