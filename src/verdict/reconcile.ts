import type { LedgerCounts } from '../observe/ledger-types.ts';
import type { Report } from '../report/types.ts';
import type { Facts } from './facts.ts';

/** Items that the collector's counters say came in and that none of them says where they went. */
export function reconcileCounters(facts: Facts): Report['counters'] {
  const { counters, names, moving } = facts.record.prometheus;
  const { accepted, sent } = counters;
  const unexplained =
    accepted === null || sent === null || moving === true ? null : accepted - sent - droppedAfter(counters);
  return { ...counters, unexplained, names };
}

/**
 * Items that were accepted and then dropped with a counter. Where nothing batches before the queue, one that cannot be
 * queued is refused at the receiver and was never accepted: as far as accepted less sent lacks them, those are taken
 * off. send_failed and enqueue_failed are absent until the first failure: 0.
 */
function droppedAfter(counters: Facts['record']['prometheus']['counters']): number {
  const { accepted, sent, sendFailed, enqueueFailed, refused } = counters;
  const dropped = (sendFailed ?? 0) + (enqueueFailed ?? 0);
  const surplus = dropped - ((accepted ?? 0) - (sent ?? 0));
  return dropped - Math.max(0, Math.min(surplus, enqueueFailed ?? 0, refused ?? 0));
}

/** Items that came in and did not go out, by the counters alone; null as long as they do not say. */
export function countedMissing(facts: Facts): number | null {
  const { accepted, sent } = facts.record.prometheus.counters;
  return reconcileCounters(facts).unexplained === null ? null : (accepted ?? 0) - (sent ?? 0);
}

/**
 * What the counters cannot know: items that were counted after a killed process's last scrape, one interval at the
 * highest rate for each start after the first.
 */
export function counterError(facts: Facts): number {
  const restarts = facts.record.members.reduce((sum, { starts }) => sum + Math.max(0, starts.length - 1), 0);
  const intervalS = facts.record.prometheus.scrapeIntervalMs / 1000;
  const batches = facts.record.plan.entries.reduce((sum, { spec }) => sum + spec.batch, 0);
  return restarts === 0 ? 0 : restarts * (highestPerS(facts) * intervalS + batches);
}

/**
 * Why the counters cannot be held against squall's own numbers. A reload makes the collector count from 0 again, and
 * the burst of retries behind it can outgrow the old count within one scrape, so that nothing shows it.
 */
export function whyNotCounted(facts: Facts): string | undefined {
  const reload = facts.record.faults.find(
    ({ kind, observed }) => reloading.has(kind) && observed.injectedNs !== undefined,
  );
  return reload === undefined ? undefined : `fault ${reload.name} made the collector count from 0 again`;
}

/** Kinds that strike, and heal, by a reload. */
const reloading: ReadonlySet<string> = new Set(['collector-reconfigure', 'tls-expiry']);

export function sumLedger(facts: Facts, name: keyof Omit<LedgerCounts, 'lostIntervals'>): number {
  return Object.values(facts.ledger.bySignal).reduce((sum, counts) => sum + (counts?.[name] ?? 0), 0);
}

/** What the pipeline left out on purpose, as `expect` allows. */
export function sumFiltered(facts: Facts): number {
  return Object.values(facts.ledger.bySignal).reduce((sum, counts) => sum + (counts?.filtered ?? 0), 0);
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
