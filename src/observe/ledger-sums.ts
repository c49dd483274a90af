import type { LedgerCounts } from './ledger-types.ts';

export function noCounts(): LedgerCounts {
  return {
    due: 0,
    missed: 0,
    offered: 0,
    acknowledged: 0,
    rejected: 0,
    refused: 0,
    unknown: 0,
    delivered: 0,
    lost: 0,
    pending: 0,
    undelivered: 0,
    duplicated: 0,
    duplicatedByRetry: 0,
    late: 0,
    recovered: 0,
    unexpected: 0,
    foreign: 0,
    lostIntervals: [],
  };
}

/** The classes that rest on what arrived. */
const ofDelivery = [
  'delivered',
  'lost',
  'pending',
  'undelivered',
  'duplicated',
  'duplicatedByRetry',
  'late',
  'recovered',
  'unexpected',
] as const;

const ofClient = ['due', 'missed', 'offered', 'acknowledged', 'rejected', 'refused', 'unknown'] as const;

/** Adds `more` to `sum` and gives `sum`. */
export function addCounts(sum: LedgerCounts, more: LedgerCounts): LedgerCounts {
  for (const name of [...ofClient, ...ofDelivery, 'foreign'] as const) {
    sum[name] = (sum[name] ?? 0) + (more[name] ?? 0);
  }
  sum.lostIntervals = [...sum.lostIntervals, ...more.lostIntervals];
  return sum;
}

/** No evidence of delivery: its classes become NaN (null in JSON), never 0 and never a loss. */
export function eraseDelivery(counts: LedgerCounts): void {
  for (const name of ofDelivery) counts[name] = Number.NaN;
  counts.lostIntervals = [];
}
