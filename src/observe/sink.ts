import { Worker } from 'node:worker_threads';
import { SquallError } from '../base/errors.ts';
import type { Signal } from '../base/signal.ts';
import type { SinkScript } from '../fault/fault.ts';
import { createAsks } from './sink-asks.ts';
import { type CanaryArrival, createCanaryBoard } from './sink-canaries.ts';
import type { FromSink, SinkStart, ToSink } from './sink-messages.ts';

export interface SinkProgress {
  /** Distinct items accepted. */
  delivered: Record<Signal, number>;
  duplicated: number;
  foreign: number;
  /** Last accepted request, ns from t = 0; -Infinity before the first. */
  lastArrivalNs: number;
}

/** Stands for the pipeline's backend: an OTLP receiver in a thread of its own that keeps the ids of all that arrives. */
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
  const canaries = createCanaryBoard();
  const asks = createAsks();
  let failure: string | undefined;
  let progress: SinkProgress = {
    delivered: { traces: 0, metrics: 0, logs: 0 },
    duplicated: 0,
    foreign: 0,
    lastArrivalNs: Number.NEGATIVE_INFINITY,
  };
  const listening = Promise.withResolvers<{ grpc: string; http: string }>();
  const done = Promise.withResolvers<void>();
  done.promise.catch(() => undefined); // it is awaited in stop(); until then failure() tells

  function fail(reason: string, code?: string) {
    failure ??= reason;
    listening.reject(startError(options, reason, code));
    asks.fail(reason);
  }
  function hear(message: FromSink) {
    switch (message.kind) {
      case 'listening':
        return listening.resolve(message);
      case 'failed':
        return fail(message.message, message.code);
      case 'progress': {
        const { kind: _, ...counts } = message;
        progress = counts;
        return;
      }
      case 'canary':
        return canaries.arrived(Number(message.canary), message);
      case 'ack':
        return asks.answered(message.id, message.struck);
      case 'done':
        return done.resolve();
      default:
        return message satisfies never;
    }
  }
  worker.on('message', hear);
  worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => {
    fail('the sink thread ended');
    done.reject(new Error(`the sink failed: ${failure}`));
  });

  try {
    const { grpc, http } = await listening.promise;
    return {
      grpc,
      http,
      go: (t0Ns) => send({ kind: 'go', t0Ns }),
      script: {
        set: async (reply) => {
          await asks.ask((id) => send({ kind: 'reply', reply, id }));
        },
        struck: () => asks.ask((id) => send({ kind: 'struck', id })),
      },
      progress: () => progress,
      awaitCanary: canaries.wait,
      failure: () => failure,
      stop: async () => {
        send({ kind: 'stop' });
        try {
          await done.promise;
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
