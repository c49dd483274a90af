import { requestClass } from '../observe/evidence.ts';
import { type Deliveries, sortBy } from './deliveries.ts';
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
  const { times, levels } = levelsOf(table, deliveries);
  /** Index of the last step at or before a time, -1 before all. */
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

/** What was held from each time on at which that changed. */
function levelsOf(
  table: RequestTable,
  deliveries: Deliveries,
): { times: Float64Array; levels: Float64Array } {
  const { request, arrivalNs, items } = deliveries;
  const acknowledgedNs = Float64Array.from(request, (row) => table.finalNs[row] ?? Number.NaN);
  const wasHeld = (j: number) =>
    table.kind[request[j] ?? -1] === requestClass.acknowledged &&
    (arrivalNs[j] ?? Number.NaN) > (acknowledgedNs[j] ?? Number.NaN);
  const begun = Int32Array.from(request.keys()).filter(wasHeld);
  const ended = begun.slice();
  sortBy(begun, acknowledgedNs);
  sortBy(ended, arrivalNs);
  const beginsNs = (b: number) => acknowledgedNs[begun[b] ?? -1];
  const endsNs = (e: number) => arrivalNs[ended[e] ?? -1];
  const times = new Float64Array(2 * begun.length);
  const levels = new Float64Array(2 * begun.length);
  let level = 0;
  let count = 0;
  let b = 0;
  let e = 0;
  while (e < ended.length) {
    const atNs = Math.min(beginsNs(b) ?? Number.POSITIVE_INFINITY, endsNs(e) ?? Number.POSITIVE_INFINITY);
    for (; beginsNs(b) === atNs; b++) level += items[begun[b] ?? -1] ?? 0;
    for (; endsNs(e) === atNs; e++) level -= items[ended[e] ?? -1] ?? 0;
    times[count] = atNs;
    levels[count++] = level;
  }
  return { times: times.subarray(0, count), levels: levels.subarray(0, count) };
}
