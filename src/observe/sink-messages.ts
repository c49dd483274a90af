import type { Signal } from '../base/signal.ts';
import type { SinkReply } from '../fault/fault.ts';
import type { Plan } from '../plan/types.ts';
import type { TlsSpec } from '../scenario/types.ts';
import type { SinkNews } from './sink-recorder.ts';

/** Start of the sink's thread. */
export interface SinkStart {
  plan: Plan;
  grpc: string;
  http: string;
  tls?: TlsSpec;
  /** evidence/arrivals.bin */
  arrivalsFile: string;
  /** Where raw request bodies go, length-prefixed, for an independent count; undefined: not kept. */
  captureFile?: string;
  /** Values that must not stand in the capture. */
  secrets?: readonly string[];
  /** fsync arrivals before answering. */
  durable: boolean;
  /** Threads that listen on the same addresses; each but the first writes a file of its own. Default 1. */
  threads?: number;
}

/** What one thread of the sink is started with: its own file and its own share of the requests' numbers. */
export interface SinkThreadStart extends SinkStart {
  thread: number;
}

export type ToSink =
  | { kind: 'go'; t0Ns: number }
  | { kind: 'reply'; reply: SinkReply | undefined; id: number }
  | { kind: 'struck'; id: number }
  | { kind: 'stop' };

export type FromSink =
  | { kind: 'listening'; grpc: string; http: string }
  | { kind: 'failed'; message: string; code?: string }
  /** Twice a second: what was accepted since the last time, and when the last accepted request came. */
  | ({ kind: 'progress' } & SinkNews)
  | { kind: 'canary'; signal: Signal; canary: string; arrivalNs: number; altered: string[] }
  | { kind: 'ack'; id: number; struck: number }
  | { kind: 'done' };
