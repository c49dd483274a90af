import { Worker } from 'node:worker_threads';
import { SquallError } from '../base/errors.ts';
import type { Signal } from '../base/signal.ts';
import type { SinkScript } from '../fault/fault.ts';
import { type Asks, createAsks } from './sink-asks.ts';
import { type CanaryArrival, type CanaryBoard, createCanaryBoard } from './sink-canaries.ts';
import type { FromSink, SinkStart, ToSink } from './sink-messages.ts';

export interface SinkProgress {
  /** Distinct items accepted. */
  delivered: Record<Signal, number>;
  duplicated: number;
  foreign: number;
  /** Last accepted request, ns from t = 0; -Infinity before the first. */
  lastArrivalNs: number;
}

/** Stands for the pipeline's backend: an OTLP receiver in its own thread that keeps the ids of all that arrives. */
export interface Sink {
  /** HOST:PORT actually bound. */
  grpc: string;
  http: string;
  go(t0Ns: number): void;
  script: SinkScript;
  progress(): SinkProgress;
  /** The canary's arrival, past or to come; undefined when `timeoutMs` is over. */
  awaitCanary(number: number, timeoutMs: number): Promise<CanaryArrival | undefined>;
  /** Why what the sink recorded is not complete (its thread died, the disk was full); undefined: it is complete. */
  failure(): string | undefined;
  /** Resolves when the last record is on disk. */
  stop(): Promise<void>;
}

/** Resolves when the sink listens. Errors: SQ-PORT-IN-USE, SQ-SINK-START. */
export async function startSink(options: SinkStart): Promise<Sink> {
  const worker = new Worker(threadFile(), { workerData: options, name: 'squall-sink' });
  const send = (message: ToSink) => worker.postMessage(message);
  const heard = listenTo(worker, (reason, code) => startError(options, reason, code));
  try {
    const { grpc, http } = await heard.listening.promise;
    return {
      grpc,
      http,
      go: (t0Ns) => send({ kind: 'go', t0Ns }),
      script: {
        set: async (reply) => {
          await heard.asks.ask((id) => send({ kind: 'reply', reply, id }));
        },
        struck: () => heard.asks.ask((id) => send({ kind: 'struck', id })),
      },
      progress: () => heard.progress,
      awaitCanary: heard.canaries.wait,
      failure: () => heard.failure,
      stop: async () => {
        send({ kind: 'stop' });
        try {
          await heard.done.promise;
        } finally {
          await worker.terminate();
        }
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** What the thread has said so far. */
interface Heard {
  listening: PromiseWithResolvers<{ grpc: string; http: string }>;
  done: PromiseWithResolvers<void>;
  asks: Asks;
  canaries: CanaryBoard;
  progress: SinkProgress;
  failure: string | undefined;
}

function listenTo(worker: Worker, toError: (reason: string, code: string | undefined) => Error): Heard {
  const heard: Heard = {
    listening: Promise.withResolvers(),
    done: Promise.withResolvers(),
    asks: createAsks(),
    canaries: createCanaryBoard(),
    progress: {
      delivered: { traces: 0, metrics: 0, logs: 0 },
      duplicated: 0,
      foreign: 0,
      lastArrivalNs: Number.NEGATIVE_INFINITY,
    },
    failure: undefined,
  };
  heard.done.promise.catch(() => undefined); // it is awaited in stop(); until then failure() tells
  const fail = (reason: string, code?: string) => {
    heard.failure ??= reason;
    heard.listening.reject(toError(reason, code));
    heard.asks.rejectOpen(reason);
  };
  worker.on('message', (message: FromSink) => {
    if (message.kind === 'failed') fail(message.message, message.code);
    else hear(heard, message);
  });
  worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => {
    fail('the sink thread ended');
    heard.asks.close(heard.failure ?? '');
    heard.done.reject(new Error(`the sink failed: ${heard.failure}`));
  });
  return heard;
}

function hear(heard: Heard, message: Exclude<FromSink, { kind: 'failed' }>): void {
  switch (message.kind) {
    case 'listening':
      heard.listening.resolve(message);
      break;
    case 'progress': {
      const { kind: _, ...counts } = message;
      heard.progress = counts;
      break;
    }
    case 'canary':
      heard.canaries.arrived(Number(message.canary), message);
      break;
    case 'ack':
      heard.asks.answered(message.id, message.struck);
      break;
    case 'done':
      heard.done.resolve();
      break;
    default:
      message satisfies never;
  }
}

/** TypeScript in development, compiled JavaScript in the package. */
function threadFile(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./sink-thread.${extension}`, import.meta.url);
}

function startError(options: SinkStart, reason: string, code: string | undefined): SquallError {
  const where = `sink ${options.grpc} (gRPC), ${options.http} (HTTP)`;
  if (code === 'EADDRINUSE') {
    return new SquallError({
      code: 'SQ-PORT-IN-USE',
      what: 'the sink cannot listen: its port is taken',
      where,
      expected: 'a free port',
      found: reason,
      next: 'choose other ports in target.sink, or end the process that holds it (ss -ltnp)',
    });
  }
  return new SquallError({
    code: 'SQ-SINK-START',
    what: 'the sink did not start',
    where,
    found: reason,
    next: 'check target.sink: addresses of this machine, and readable certificate files',
  });
}
