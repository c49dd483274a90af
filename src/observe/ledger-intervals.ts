import type { FaultRecord } from './evidence.ts';
import type { LostInterval } from './ledger-types.ts';

/**
 * The fault that explains the loss of an item due at `dueNs`: F with injected - reach <= due <= recovered, reach being
 * the longest time that an item stays in the target. Of several the nearest: one that was on at `dueNs` (the last to
 * begin, as the item lived through the earlier ones' beginnings), or else the one that came soonest after it.
 */
function nearestFault(
  faults: readonly FaultRecord[],
  reachNs: number,
  dueNs: number,
): FaultRecord | undefined {
  let nearest: FaultRecord | undefined;
  let nearestNs = Number.POSITIVE_INFINITY;
  let begunNs = Number.NEGATIVE_INFINITY;
  for (const fault of faults) {
    const { observed } = fault;
    const { injectedNs, recoveredNs = Number.POSITIVE_INFINITY } = observed;
    if (injectedNs === undefined || dueNs < injectedNs - reachNs || dueNs > recoveredNs) continue;
    const distanceNs = Math.max(0, injectedNs - dueNs);
    if (distanceNs < nearestNs || (distanceNs === 0 && nearestNs === 0 && injectedNs > begunNs)) {
      nearest = fault;
      nearestNs = distanceNs;
      begunNs = injectedNs;
    }
  }
  return nearest;
}

/**
 * Names of the faults that explain such a loss, the nearest first. So may those that struck while that was on, and the
 * item in the target: what an outage holds up dies with the process that is killed meanwhile.
 */
export function faultsOf(faults: readonly FaultRecord[], reachNs: number, dueNs: number): string[] {
  const nearest = nearestFault(faults, reachNs, dueNs);
  if (nearest === undefined) return [];
  const { injectedNs: begunNs = 0, recoveredNs = Number.POSITIVE_INFINITY } = nearest.observed;
  const fromNs = Math.max(begunNs, dueNs);
  const during = faults.filter(({ observed: { injectedNs } }) => {
    return injectedNs !== undefined && injectedNs > fromNs && injectedNs <= recoveredNs;
  });
  return [nearest, ...during].map(({ name }) => name);
}

/** Gathers the lost runs of one stream, in the order of their sequences, into as few intervals as name them exactly. */
export interface IntervalList {
  intervals: LostInterval[];
  add(run: { from: number; count: number; dueNs: number; ambiguous?: number }): void;
}

export function createIntervalList(options: {
  load: string;
  worker: number;
  faults: readonly FaultRecord[];
  reachNs: number;
}): IntervalList {
  const intervals: LostInterval[] = [];
  return {
    intervals,
    add({ from, count, dueNs, ambiguous }) {
      const [fault, ...orFaults] = faultsOf(options.faults, options.reachNs, dueNs);
      const dueS = dueNs / 1e9;
      const last = intervals.at(-1);
      const isLike = last?.fault === fault && (last?.orFaults ?? []).join() === orFaults.join();
      const joins = last?.to === from - 1 && isLike && last.ambiguous === undefined;
      if (joins && ambiguous === undefined) {
        last.to = from + count - 1;
        last.count += count;
        last.dueFromS = Math.min(last.dueFromS, dueS);
        last.dueToS = Math.max(last.dueToS, dueS);
        return;
      }
      intervals.push({
        load: options.load,
        worker: options.worker,
        from,
        to: from + count - 1,
        count,
        dueFromS: dueS,
        dueToS: dueS,
        ...(fault === undefined ? {} : { fault }),
        ...(orFaults.length === 0 ? {} : { orFaults }),
        ...(ambiguous === undefined ? {} : { ambiguous }),
      });
    },
  };
}
