import { integrate } from './integral.ts';
import type { EntryPlan, Plan } from './types.ts';

/** Items due in [fromNs, toNs] of the load timeline, by the mean pace; a closed entry may send all of its items. */
export function itemsDueBetween(
  plan: Pick<Plan, 'entries'>,
  window: { fromNs: number; toNs: number },
): number {
  return plan.entries.reduce((sum, entry) => sum + entryItems(entry, window), 0);
}

function entryItems(entry: EntryPlan, window: { fromNs: number; toNs: number }): number {
  const [from, to] = [window.fromNs - entry.startNs, window.toNs - entry.startNs];
  if (to <= 0 || window.fromNs >= entry.endNs) return 0;
  if (entry.pace.kind === 'closed') return entry.items;
  const integral = integrate(entry.pace.segments);
  return integral.floorAt(Math.max(0, to)) - integral.floorAt(Math.max(0, from));
}

/** Encoded bytes of an entry's items before compression, by their nominal size. */
export function entryBytes(entry: EntryPlan): number {
  return entry.items * entry.spec.shape.itemBytes;
}

/** Highest items per second of an entry; undefined for a closed one. */
export function entryPeakPerS(entry: EntryPlan): number | undefined {
  if (entry.pace.kind === 'closed') return undefined;
  const rates = entry.pace.segments.flatMap(({ startRate, endRate }) => [startRate, endRate]);
  return Math.max(0, ...rates.map((rate) => (rate.items / rate.perNs) * 1e9));
}
