import type { LostInterval } from '../observe/ledger-types.ts';

/** A backend beside the sink: what it has of the run, and what its outages did to the sink's way. */
export interface BackendReport {
  name: string;
  /** Absent: it has no query API in the scenario. */
  witness?: WitnessReport;
  outages: BackendOutage[];
}

/** Spans, by the backend's own query API. */
export interface WitnessReport {
  api: string;
  /** Why it is not known what it has; undefined: it is. */
  reason?: string;
  /** null: not known. */
  acknowledged: number | null;
  /** Of the acknowledged. */
  found: number | null;
  missing: number | null;
  /** Found though their request was not acknowledged. */
  recovered: number | null;
  missingIntervals: LostInterval[];
}

export interface BackendOutage {
  fault: string;
  /** Whether it reached the sink's way too; null: there is nothing to tell it by. */
  coupled: boolean | null;
  reason: string;
  /** Items due while it lasted, and those of them that did not simply arrive once. */
  due: number;
  refused: number;
  unknown: number;
  missed: number;
  lost: number;
  duplicated: number;
  /** Requests that were sent again, and those that had waited for over a second when it ended. */
  retried: number;
  held: number;
  /** P95 of ack_duration before it and while it lasted. */
  ackP95Ms: { before: number | 'Infinity' | null; during: number | 'Infinity' | null };
}
