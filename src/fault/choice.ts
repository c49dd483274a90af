import { random } from '../base/random.ts';
import type { PlannedFault } from '../plan/types.ts';
import type { Member, Target } from '../target/target.ts';
import type { Fault } from './fault.ts';
import { selectMembers } from './selector.ts';

/** The sink is no member of the target; a fault on it acts once. */
const sinkMember: Member = { name: 'sink', group: 'sink', otlp: { headers: {} }, version: '' };

/**
 * Whom a fault strikes, picked when it strikes: the sink, nodes, workloads or members. Members that carry load come
 * first, and nodes that carry nothing of squall's own. Rejects where nodes cannot be looked at.
 */
export async function chooseMembers(
  fault: Fault,
  { spec }: PlannedFault,
  { target, seed }: { target: Target; seed: number },
): Promise<Member[]> {
  const { acts = fault.needs.power, selector } = spec;
  if (acts === 'sink') return [sinkMember];
  if (acts === 'backend') return (target.backends ?? []).filter(({ name }) => name === selector.member);
  const chance = random(seed, `fault/${spec.name}`);
  if (acts === 'node') {
    const nodes = (await target.nodes?.()) ?? [];
    const carrying = new Set<Member>();
    for (const one of nodes) if (((await one.node?.ownPath()) ?? []).length > 0) carrying.add(one);
    return selectMembers({ members: nodes, selector, random: chance, prefer: (one) => !carrying.has(one) });
  }
  const { members, workloads = [], entry } = target;
  return selectMembers({
    members: workloads.some((one) => actsOnWhole(fault, one)) ? workloads : members,
    selector,
    random: chance,
    prefer: (member) => entry.includes(member) && (member.process === undefined || isRunning(member)),
  });
}

/** Replicas and configuration are a workload's, where there is one. */
function actsOnWhole({ needs: { power } }: Fault, { workload }: Member): boolean {
  return workload !== undefined && (power === 'workload' || power === 'reconfigure');
}

function isRunning(member: Member): boolean {
  return member.process?.current() !== undefined;
}
