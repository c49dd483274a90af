import type { LoadCounts } from '../load/messages.ts';

/**
 * What happened since `base`, so that a stop condition never judges the warmup: windows leave it out too. Counts are
 * sums since t = 0 and only ever grow; ackMsP95 is of the last interval already.
 */
export function countsSince(base: LoadCounts, now: LoadCounts): LoadCounts {
  const buckets = now.ackMsBuckets?.map((count, i) => count - (base.ackMsBuckets?.[i] ?? 0));
  return {
    due: now.due - base.due,
    missed: now.missed - base.missed,
    offered: now.offered - base.offered,
    acknowledged: now.acknowledged - base.acknowledged,
    rejected: now.rejected - base.rejected,
    refused: now.refused - base.refused,
    unknown: now.unknown - base.unknown,
    ackMsP95: now.ackMsP95,
    ...(buckets === undefined ? {} : { ackMsBuckets: buckets }),
  };
}

/** Of what was acknowledged: what has not come, and how much of that cannot come any more. */
export interface Missing {
  missing: number;
  lost: number;
}

/**
 * Follows both sums. What was acknowledged longer ago than the longest residence in the target and is not at the sink
 * is lost: a lower bound, as what arrived since may be younger. Looks come in order of time.
 */
export function watchLoss(
  reachNs: number,
): (look: { atNs: number; acknowledged: number; delivered: number }) => Missing {
  const young: { atNs: number; acknowledged: number }[] = [];
  let settled = 0;
  return ({ atNs, acknowledged, delivered }) => {
    young.push({ atNs, acknowledged });
    for (let first = young[0]; first !== undefined && first.atNs <= atNs - reachNs; first = young[0]) {
      settled = first.acknowledged;
      young.shift();
    }
    return {
      missing: Math.max(0, acknowledged - delivered),
      lost: Math.max(0, settled - delivered),
    };
  };
}
