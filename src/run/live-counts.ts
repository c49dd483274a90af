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
