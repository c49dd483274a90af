import type { Signal } from '../base/signal.ts';
import type { LedgerCounts, LostInterval } from './ledger-types.ts';

/**
 * A pipeline that samples or filters on purpose delivers `ratio` of what it acknowledged, give or take `within`. What
 * is missing is then filtered, not lost, down to the lowest share that was expected; what is missing below that is
 * lost, though nobody can say which of the missing items: one interval per load and worker holds all candidates, its
 * `ambiguous` the most of them that may have been filtered. Applied to the signal and to each load by itself.
 */
export function applyExpectation(of: {
  all: readonly LedgerCounts[];
  signal: Signal;
  expected: { ratio: number; within: number };
  oddities: string[];
}): void {
  const { expected, signal } = of;
  for (const [index, counts] of of.all.entries()) {
    const { acknowledged, lost: missing } = counts;
    if (acknowledged === 0 || counts.pending > 0) continue;
    const kept = acknowledged - missing;
    const least = Math.ceil((expected.ratio - expected.within) * acknowledged);
    const most = Math.floor((expected.ratio + expected.within) * acknowledged);
    counts.lost = Math.min(missing, Math.max(0, least - kept));
    counts.filtered = missing - counts.lost;
    counts.lostIntervals = counts.lost === 0 ? [] : candidates(counts.lostIntervals, counts.filtered);
    if (index === 0 && kept > most) {
      const share = (kept / acknowledged).toFixed(4);
      of.oddities.push(
        `${signal}: ${share} of the acknowledged items were delivered, ` +
          `more than the expected ${expected.ratio} + ${expected.within}`,
      );
    }
  }
}

/** One interval per load and worker, from its first missing item to its last. */
function candidates(intervals: readonly LostInterval[], filtered: number): LostInterval[] {
  const byWorker = new Map<string, LostInterval>();
  for (const interval of intervals) {
    const key = `${interval.load}/${interval.worker}`;
    const found = byWorker.get(key);
    if (found === undefined) {
      const { fault: _, orFaults: _1, ...rest } = interval;
      byWorker.set(key, { ...rest });
      continue;
    }
    found.from = Math.min(found.from, interval.from);
    found.to = Math.max(found.to, interval.to);
    found.count += interval.count;
    found.dueFromS = Math.min(found.dueFromS, interval.dueFromS);
    found.dueToS = Math.max(found.dueToS, interval.dueToS);
  }
  return [...byWorker.values()].map((interval) => ({
    ...interval,
    ambiguous: Math.min(interval.count, filtered),
  }));
}
