import type { SinkReply } from '../fault/fault.ts';
import type { CanaryOptions } from '../load/canary.ts';
import type { LoadResult } from '../load/engine.ts';
import type { Outcome } from '../load/exporter.ts';
import type { LoadEndpoint } from '../load/messages.ts';
import { arrivalRecordBytes, requestRecordBytes } from '../observe/evidence.ts';
import type { Plan } from '../plan/types.ts';

/** Where a pod's program hears its runner: on loopback of the pod, so that only the API server leads there. */
export const controlPort = 14317;

/** An image and a runner of which these differ do not understand one another. */
export const format = `3/${requestRecordBytes}/${arrivalRecordBytes}`;

/** What a program is to do. */
export interface SinkTask {
  plan: Plan;
  grpc: string;
  http: string;
  capture: boolean;
  durable: boolean;
  threads: number;
  /** Values that must not stand in the capture. */
  secrets: readonly string[];
}

export interface LoadTask {
  plan: Plan;
  endpoints: LoadEndpoint[];
  /** Of the plan's load workers those that run here. */
  workers: number[];
}

/** From the runner. A program that is told twice, over two connections, does it once. */
export type ToPod =
  /** First on every connection: the length of each file of evidence that the runner has. */
  | { kind: 'attach'; have: Record<string, number> }
  | { kind: 'sink'; task: SinkTask }
  | { kind: 'load'; task: LoadTask }
  | { kind: 'ask'; id: number; ask: Ask }
  /** No further work; then the rest of the evidence and 'done'. */
  | { kind: 'stop' }
  /** The evidence is at the runner: the pod may go. */
  | { kind: 'bye' };

/** What gets one answer each; asked again after a broken connection, so that doing it twice must do no harm. */
export type Ask =
  | { what: 'clock' }
  /** t = 0 by the wall clock of this pod's node, ns since 1970 in decimals. */
  | { what: 'go'; t0WallNs: string }
  /** The load's own: nothing further is due. */
  | { what: 'end' }
  /** Null: it answers as usual again. Otherwise it does so by itself at the time given, by that wall clock. */
  | { what: 'reply'; reply: SinkReply | null; endWallNs?: string }
  | { what: 'struck' }
  | { what: 'canary'; number: number; timeoutMs: number }
  /** The load's own: sends one. */
  | { what: 'send'; canary: CanaryOptions };

export type Answer =
  /** The pod's wall clock, ns since 1970 in decimals. */
  | { wallNs: string }
  /** How long after t = 0 it heard of it, ms; negative: in time. */
  | { lateMs: number }
  | { ended: true }
  | { struck: number }
  /** Of the last reply: when it ended by itself, by the pod's wall clock; null: it did not. */
  | { endedWallNs: string | null }
  /** Null: it did not come. */
  | { canary: { arrivalWallNs: string; altered: string[] } | null }
  | { outcome: Outcome };

export type FromPod =
  /** The sink listens, the load's connections are open; `format` is the image's. */
  | { kind: 'ready'; format: string }
  | { kind: 'failed'; message: string; code?: string }
  | { kind: 'answer'; id: number; answer: Answer }
  /** Its body: latencies since the last one, ms, as little-endian float64. A number that JSON has not is null. */
  | { kind: 'progress'; result: LoadResult }
  | { kind: 'ended'; result: LoadResult }
  /** Its body stands at `at` in the file. */
  | { kind: 'evidence'; file: string; at: number }
  /** All evidence up to this moment was sent. */
  | { kind: 'tick' }
  /** All of it, once the program has stopped. */
  | { kind: 'done'; files: Record<string, { bytes: number; sha256: string }> };
