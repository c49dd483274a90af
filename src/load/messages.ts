import type { PeerRecord } from '../observe/evidence.ts';
import type { Plan } from '../plan/types.ts';
import type { OtlpSpec } from '../scenario/types.ts';

/** Where one worker connects: one per member that takes load, in member order. */
export interface LoadEndpoint {
  member: string;
  otlp: OtlpSpec;
}

export interface WorkerStart {
  plan: Plan;
  worker: number;
  endpoints: LoadEndpoint[];
  /** File this worker appends its request records to (evidence/requests-N.bin). */
  recordsFile: string;
}

export type ToWorker =
  /** t = 0 in the monotonic clock of base/clock.ts. */
  | { kind: 'go'; t0Ns: number }
  /** Nothing further is due; then 'done', once all that was due has ended as usual. */
  | { kind: 'end' }
  /** No further request is started; those in flight end; then 'done'. */
  | { kind: 'stop' };

export type FromWorker =
  | { kind: 'ready' }
  | ({ kind: 'progress' | 'done' } & WorkerProgress)
  | { kind: 'failed'; message: string };

export interface WorkerProgress {
  counts: LoadCounts;
  generator: GeneratorHealth;
  /** Latencies from due since the last message, for the merged percentile. */
  ackMs?: Float64Array;
  /** All that this worker's connections reached so far. */
  peers?: PeerRecord[];
}

/** Items so far. due = missed + offered; offered = acknowledged + rejected + refused + unknown + in flight. */
export interface LoadCounts {
  due: number;
  missed: number;
  offered: number;
  acknowledged: number;
  rejected: number;
  refused: number;
  unknown: number;
  /** Over the last progress interval, ms, from due; NaN without a request. */
  ackMsP95: number;
  /** Ended requests so far with a latency at or below each of base/ack-bounds.ts, and last all of them. */
  ackMsBuckets?: number[];
}

/** Is the generator itself keeping up? */
export interface GeneratorHealth {
  /** Wake-ups later than 10 ms after a due request, out of all wake-ups with one due. */
  lateTicks: number;
  ticks: number;
  /** CPU time of the worker thread over wall time, 0..1. */
  cpuRatio: number;
}
