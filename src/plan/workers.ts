import type { Ceiling } from './ceiling.ts';
import { peakShare, stockCeilings } from './ceiling.ts';
import type { EntryPlan } from './types.ts';

/** What the number of load workers is taken from. */
export interface PlanningMachine {
  cores: number;
  /** Measured here by `squall doctor --bench`; empty when it was not. */
  ceilings: readonly Ceiling[];
}

/** A worker keeps its time while it is asked for at most this share of what one reached with no target at all. */
const shareOfOneMax = 0.5;

/**
 * Load workers for entries that say nothing themselves: as many as the busiest moment of the plan needs, at most one
 * per core but one, which ticker, sink and target share.
 */
export function chooseWorkers(
  entries: readonly EntryPlan[],
  machine: PlanningMachine,
): { count: number; why: string } {
  const { share, names } = peakShare(entries, machine.ceilings.length > 0 ? machine.ceilings : stockCeilings);
  const wanted = Math.max(1, Math.ceil(share / shareOfOneMax));
  const most = Math.max(1, machine.cores - 1);
  const count = Math.min(wanted, most);
  const basis =
    machine.ceilings.length > 0 ? 'as measured here' : 'by a careful guess (squall doctor --bench measures)';
  const percent = Math.ceil(share * 100);
  const cores = `${machine.cores} ${machine.cores === 1 ? 'core' : 'cores'}`;
  if (share === 0) return { count, why: 'the pace sets no rate' };
  const need = `${names.join(', ')} at most ${percent} % of what one can do ${basis}`;
  return {
    count,
    why: wanted > most ? `${need}: ${wanted} would be better, but this machine has ${cores}` : need,
  };
}
