import type { EntryPlan } from '../plan/types.ts';
import { type FaultRecord, requestClass } from './evidence.ts';
import { createIntervalList, type IntervalList } from './ledger-intervals.ts';
import { type StreamArrivals, wasOffered } from './ledger-stream.ts';
import { noCounts } from './ledger-sums.ts';
import type { LedgerCounts } from './ledger-types.ts';

interface StreamToCount {
  entry: EntryPlan;
  worker: number;
  arrivals: StreamArrivals;
  settled: boolean;
  faults: FaultRecord[];
  reachNs: number;
  oddities: string[];
}

/** Puts every due item of one worker's stream into its class. */
export function countStream(of: StreamToCount): LedgerCounts {
  const { arrivals, entry } = of;
  const { requests } = arrivals;
  const counts = noCounts();
  const lost = createIntervalList({ ...of, load: entry.spec.name });
  let end = 0;
  for (let i = 0; i < requests.length; i++) {
    const from = requests.from[i] as number;
    const count = requests.count[i] as number;
    if (from < end) {
      of.oddities.push(`${entry.spec.name}: two requests offer sequence ${from} of worker ${of.worker}`);
    }
    end = from + count;
    counts.due += count;
    if (wasOffered(requests.class[i] as number)) countOffered(of, { i, counts, lost });
    else counts.missed += count;
  }
  // Every due item that was never delivered, whatever its class: missed, refused, rejected, unknown, lost, pending.
  counts.undelivered = counts.due - counts.delivered;
  counts.duplicated = arrivals.duplicated.size();
  counts.duplicatedByRetry = arrivals.duplicatedByRetry;
  counts.late = arrivals.late;
  counts.unexpected = arrivals.unexpected.size();
  counts.lostIntervals = lost.intervals;
  return counts;
}

/** One request that was sent. */
function countOffered(
  of: StreamToCount,
  request: { i: number; counts: LedgerCounts; lost: IntervalList },
): void {
  const { requests, delivered } = of.arrivals;
  const { i, counts } = request;
  const from = requests.from[i] as number;
  const count = requests.count[i] as number;
  const arrived = delivered.countIn(from, count);
  counts.offered += count;
  counts.delivered += arrived;
  if (requests.class[i] === requestClass.acknowledged) {
    const rejected = rejectedOf(of, i);
    const missing = count - arrived;
    counts.rejected += rejected;
    counts.acknowledged += count - rejected;
    // Which items were rejected is not said: up to `rejected` of the missing ones were, the rest is lost.
    counts.recovered += Math.max(0, rejected - missing);
    const gone = Math.max(0, missing - rejected);
    if (gone === 0) return;
    if (!of.settled) {
      counts.pending += gone;
      return;
    }
    counts.lost += gone;
    const dueNs = requests.dueNs[i] as number;
    const doubt = rejected > 0 ? { ambiguous: rejected } : {};
    delivered.gaps(from, count, (gapFrom, gapCount) => {
      request.lost.add({ from: gapFrom, count: gapCount, dueNs, ...doubt });
    });
    return;
  }
  if (requests.class[i] === requestClass.refused) counts.refused += count;
  else counts.unknown += count;
  counts.recovered += arrived;
}

/** What a partial success rejected of request i, at most all of it; more than that is an oddity. */
function rejectedOf(of: StreamToCount, i: number): number {
  const { requests } = of.arrivals;
  const said = requests.rejected.get(requests.from[i] as number) ?? 0;
  const count = requests.count[i] as number;
  if (said > count) {
    of.oddities.push(
      `${of.entry.spec.name}: a partial success rejected ${said} items of a request of ${count} ` +
        `(worker ${of.worker}, from sequence ${requests.from[i]})`,
    );
  }
  return Math.min(said, count);
}
