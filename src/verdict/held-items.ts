import { requestClass } from '../observe/evidence.ts';
import type { Deliveries } from './deliveries.ts';
import type { RequestTable } from './request-table.ts';

/** How many items the target held at each time: acknowledged, and not yet at the sink where they did arrive. */
export interface HeldItems {
  /** Most at any time in [fromNs, toNs). */
  most(fromNs: number, toNs: number): number;
  /** First time from `fromNs` on at which at most `level` were held. */
  firstAtMost(level: number, fromNs: number): number;
}

/** From requests and arrivals alone: exact, and the same for every target. What never arrived is not held but lost. */
export function heldItems(table: RequestTable, deliveries: Deliveries): HeldItems {
  const steps: { atNs: number; items: number }[] = [];
  for (let j = 0; j < deliveries.count; j++) {
    const row = deliveries.request[j] ?? -1;
    const [fromNs, toNs] = [table.finalNs[row] ?? Number.NaN, deliveries.arrivalNs[j] ?? Number.NaN];
    if (table.kind[row] !== requestClass.acknowledged || !(toNs > fromNs)) continue;
    const items = deliveries.items[j] ?? 0;
    steps.push({ atNs: fromNs, items }, { atNs: toNs, items: -items });
  }
  steps.sort((a, b) => a.atNs - b.atNs);
  const times = Float64Array.from(steps, ({ atNs }) => atNs);
  const levels = new Float64Array(steps.length);
  let level = 0;
  for (const [i, { items }] of steps.entries()) {
    level += items;
    levels[i] = level;
  }
  /** Index of the last step at or before a time, -1 before all; of several at one time the last one holds. */
  const stepAt = (ns: number) => {
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((times[middle] ?? 0) <= ns) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };
  return {
    most: (fromNs, toNs) => {
      const first = stepAt(fromNs);
      let most = levels[first] ?? 0;
      for (let i = first + 1; i < times.length && (times[i] ?? 0) < toNs; i++)
        most = Math.max(most, levels[i] ?? 0);
      return most;
    },
    firstAtMost: (wanted, fromNs) => {
      let i = stepAt(fromNs);
      if ((levels[i] ?? 0) <= wanted) return fromNs;
      // All that was held arrives in the end: the last level is 0.
      while ((levels[i] ?? 0) > wanted) i++;
      return times[i] ?? fromNs;
    },
  };
}
