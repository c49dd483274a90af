import type { LedgerCounts } from '../observe/ledger-types.ts';
import type { Report } from '../report/types.ts';
import type { Facts } from './facts.ts';

/** Items that the collector's counters say came in and that none of them says where they went. */
export function reconcileCounters(facts: Facts): Report['counters'] {
  const { counters, names, moving } = facts.record.prometheus;
  const { accepted, sent, sendFailed, enqueueFailed } = counters;
  // send_failed and enqueue_failed are absent until the first failure: 0, but only where sent itself is there.
  const unexplained =
    accepted === null || sent === null || moving === true
      ? null
      : accepted - sent - (sendFailed ?? 0) - (enqueueFailed ?? 0);
  return { ...counters, unexplained, names };
}

/**
 * What the counters cannot know: items that were counted after a killed process's last scrape, one interval at the
 * highest rate for each start after the first, and one for the last scrape of the run.
 */
export function counterError(facts: Facts): number {
  const restarts = facts.record.members.reduce((sum, { starts }) => sum + Math.max(0, starts.length - 1), 0);
  const intervalS = facts.record.prometheus.scrapeIntervalMs / 1000;
  const batches = facts.record.plan.entries.reduce((sum, { spec }) => sum + spec.batch, 0);
  return restarts === 0 ? 0 : restarts * (highestPerS(facts) * intervalS + batches);
}

export function sumLedger(facts: Facts, name: keyof Omit<LedgerCounts, 'lostIntervals'>): number {
  return Object.values(facts.ledger.bySignal).reduce((sum, counts) => sum + (counts?.[name] ?? 0), 0);
}

function highestPerS(facts: Facts): number {
  return facts.record.plan.entries.reduce((sum, { spec, items, startNs, endNs }) => {
    const { executor } = spec;
    const perS = (rate: { items: number; perMs: number }) => (1000 * rate.items) / rate.perMs;
    if (executor.kind === 'constant-arrival-rate') return sum + perS(executor.rate);
    if (executor.kind === 'ramping-arrival-rate')
      return sum + Math.max(perS(executor.startRate), ...executor.stages.map(({ rate }) => perS(rate)));
    return sum + items / Math.max(1e-3, (endNs - startNs) / 1e9);
  }, 0);
}
