import type { Signal } from '../base/signal.ts';

/** Requests and arrivals as read from evidence/, ten and six columns (see evidence.ts). */
export interface Columns {
  count: number;
  column(name: string): Float64Array;
}

/** What the ledger makes of the evidence: pure, the same answer however often it is asked. */
export interface LedgerResult {
  bySignal: Partial<Record<Signal, LedgerCounts>>;
  /** Per load entry, the same counts. */
  byLoad: Record<string, LedgerCounts>;
  /** Findings of the ledger itself, such as a partial success beyond its request's size. */
  oddities: string[];
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
  duplicated: number;
  late: number;
  recovered: number;
  unexpected: number;
  foreign: number;
  lostIntervals: LostInterval[];
}

export interface LostInterval {
  load: string;
  worker: number;
  from: number;
  to: number;
  count: number;
  dueFromS: number;
  dueToS: number;
  fault?: string;
  ambiguous?: number;
}
