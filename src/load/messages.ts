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
  /** No further request is started; those in flight end; then 'done'. */
  | { kind: 'stop' };

export type FromWorker =
  | { kind: 'ready' }
  /** `ackMs`: latencies from due since the last message, for the merged percentile. */
  | { kind: 'progress'; counts: LoadCounts; generator: GeneratorHealth; ackMs?: Float64Array }
  | { kind: 'done'; counts: LoadCounts; generator: GeneratorHealth; ackMs?: Float64Array }
  | { kind: 'failed'; message: string };

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
