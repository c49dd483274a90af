import type { Signal } from '../base/signal.ts';

/** Requests and arrivals as read from evidence/, ten and six columns (see evidence.ts). */
export interface Columns {
  count: number;
  column(name: string): Float64Array;
  /** The same in pieces of some thousand rows, in their order: where columns lie on disk, all at once take much room. */
  each?(visit: (piece: Columns) => void): void;
}

/** What the ledger makes of the evidence: pure, the same answer however often it is asked. */
export interface LedgerResult {
  bySignal: Partial<Record<Signal, LedgerCounts>>;
  /** Per load entry, the same counts. */
  byLoad: Record<string, LedgerCounts>;
  /** Findings of the ledger itself, such as a partial success beyond its request's size. */
  oddities: string[];
  /** Signals of which nothing is known about delivery, and why: those classes are NaN. */
  unknown?: Partial<Record<Signal, string>>;
}

export interface LedgerCounts {
  due: number;
  missed: number;
  offered: number;
  acknowledged: number;
  rejected: number;
  refused: number;
  unknown: number;
  delivered: number;
  lost: number;
  pending: number;
  undelivered: number;
  /** Distinct ids accepted twice or more, those explained by our own retries included. */
  duplicated: number;
  /** Of the duplicated: items of requests that the load itself sent more than once. */
  duplicatedByRetry?: number;
  late: number;
  recovered: number;
  unexpected: number;
  foreign: number;
  /** With `expect` alone: acknowledged, not delivered, and within what the pipeline leaves out on purpose. */
  filtered?: number;
  lostIntervals: LostInterval[];
}

/**
 * Lost items [from, to], both included, of one stream of a load entry: `worker` is its index in EntryPlan.streams, of
 * which a compiled plan has one, whatever the number of load workers. Without `ambiguous` all `count` of them are lost.
 * With `ambiguous: n` they are candidates: a partial success rejected n items of their request without saying which, so
 * that of all candidates of that request n are rejected and the others lost.
 */
export interface LostInterval {
  load: string;
  worker: number;
  from: number;
  to: number;
  count: number;
  dueFromS: number;
  dueToS: number;
  fault?: string;
  /** That struck while `fault` was on, which may have held the items up until then: any of them may be the cause. */
  orFaults?: string[];
  ambiguous?: number;
}
