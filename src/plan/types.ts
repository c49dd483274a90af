import type { DrillStep } from '../scenario/drill-spec.ts';
import type { FaultSpec, LoadSpec, SloSpec } from '../scenario/types.ts';

/**
 * A compiled scenario: plain data, structured-cloneable to worker threads. Times are ns from t = 0, the start of the
 * load timeline (warmup included), unless the name says otherwise.
 */
export interface Plan {
  runId: string;
  seed: number;
  scenario: string;
  /** Wall clock of t = 0 that goes into item times, ns since the epoch, as a decimal string (it exceeds 2^53). */
  epochNs: string;
  warmupNs: number;
  /** End of the last load entry. */
  endNs: number;
  entries: EntryPlan[];
  faults: PlannedFault[];
  slos: SloSpec[];
  /** Of a game day: faults begin when their step comes, and the load ends with the last step. */
  drill?: DrillStep[];
  /** How many load workers entries share that say nothing themselves, and why so many. */
  workers?: { count: number; why: string };
}

export interface EntryPlan {
  spec: LoadSpec;
  pace: Pace;
  startNs: number;
  endNs: number;
  /** Items of the whole entry, exact. */
  items: number;
  /** Export requests of the whole entry: ceil(items / batch); the last may be smaller. */
  requests: number;
  /**
   * Streams of items: request k is the (k div S)-th of streams[k mod S], S of them. A compiled plan has one per entry,
   * so that ids do not depend on how many workers share the load.
   */
  streams: number[];
  /** Load workers that share the entry: request k is sent by worker k mod W. A multiple of S; default S. */
  workers?: number;
  /** Metric points: distance of two points of one series, ns; even spacing of the entry's mean rate. */
  roundNs: number;
  stages: { name: string; fromNs: number; toNs: number }[];
}

/**
 * Arrivals as exact arithmetic. `segments` cover [0, end) of the entry in order; the cumulative item count is a
 * piecewise quadratic in time. Closed: no clock, the next request goes when a slot is free.
 */
export type Pace =
  | { kind: 'open'; segments: PaceSegment[]; items: number; batch: number; poissonSeed?: string }
  | { kind: 'closed'; items: number; batch: number; maxDurationNs: number };

export interface PaceSegment {
  fromNs: number;
  toNs: number;
  /** Items per ns at both ends: numerator over denominator, integers. */
  startRate: { items: number; perNs: number };
  endRate: { items: number; perNs: number };
  /** Items due before this segment (may be a fraction for ramps). */
  itemsBefore: number;
}

export interface PlannedFault {
  spec: FaultSpec;
  /** In a drill: at the latest. */
  startNs: number;
  /** Undefined for a one-shot. */
  endNs?: number;
}
