import type { PlannedFault } from '../plan/types.ts';
import type { Strike } from '../target/kubernetes-radius.ts';
import { countOf } from './selector.ts';

/** What each fault of a plan takes from a group of members at most, and when. Pure. */
export function strikesOf(faults: readonly PlannedFault[]): Strike[] {
  return faults
    .filter(({ spec }) => spec.acts !== 'sink')
    .map(({ spec, startNs, endNs = startNs }) => ({
      fault: spec.name,
      // A node carries pods of any member.
      ...(spec.selector.member === undefined || spec.acts === 'node' ? {} : { member: spec.selector.member }),
      startNs,
      endNs,
      hits: (among, byNode) => hitsOf(spec, among, byNode),
    }));
}

function hitsOf(
  { kind, params, selector, acts }: PlannedFault['spec'],
  among: number,
  byNode: readonly number[],
): number {
  if (acts === 'backend') return among;
  // What is there stays.
  if (kind === 'node-cordon') return 0;
  if (kind === 'node-drain') {
    const nodes = byNode.slice(0, countOf(selector, byNode.length, worst));
    return nodes.reduce((sum, pods) => sum + pods, 0);
  }
  if (kind === 'scale') return Math.max(0, among - Number(params.replicas));
  // A rollout goes by the workload's own strategy.
  if (kind === 'collector-reconfigure' || kind === 'rolling-restart') return Math.min(1, among);
  return Math.min(among, countOf(selector, among, worst));
}

/** Chance at its worst: what a selector takes by it is the most that it can take. */
const worst = { below: (limit: number) => limit - 1 };
