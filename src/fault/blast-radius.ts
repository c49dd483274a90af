import type { PlannedFault } from '../plan/types.ts';
import type { SelectorSpec } from '../scenario/types.ts';
import type { Strike } from '../target/kubernetes-radius.ts';

/** What each fault of a plan takes from a group of members at most, and when. Pure. */
export function strikesOf(faults: readonly PlannedFault[]): Strike[] {
  return faults
    .filter(({ spec }) => spec.acts !== 'sink')
    .map(({ spec, startNs, endNs = startNs }) => ({
      fault: spec.name,
      ...(spec.selector.member === undefined ? {} : { member: spec.selector.member }),
      startNs,
      endNs,
      hits: (among) => hitsOf(spec, among),
    }));
}

function hitsOf({ kind, params, selector }: PlannedFault['spec'], among: number): number {
  if (kind === 'scale') return Math.max(0, among - Number(params.replicas));
  // A rollout goes by the workload's own strategy.
  if (kind === 'collector-reconfigure') return Math.min(1, among);
  return Math.min(among, mostOf(selector, among));
}

/** The most that a selector can take of so many. */
function mostOf({ mode, value = 0 }: SelectorSpec, among: number): number {
  switch (mode) {
    case 'one':
      return 1;
    case 'all':
      return among;
    case 'fixed':
      return value;
    case 'fixed-percent':
    case 'random-max-percent':
      return Math.max(1, Math.floor((among * value) / 100));
  }
}
