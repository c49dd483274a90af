import { Worker } from 'node:worker_threads';
import { steadyThread } from '../base/thread-limits.ts';
import { type Asks, createAsks } from './sink-asks.ts';
import type { FromSink, SinkThreadStart, ToSink } from './sink-messages.ts';
import type { SinkNews } from './sink-recorder.ts';

export interface SinkCanary {
  number: number;
  /** Monotonic ns of base/clock.ts. */
  arrivalNs: number;
  altered: string[];
}

/** One thread of the sink, seen from outside. */
export interface SinkWorker {
  /** HOST:PORT actually bound. Rejects when the thread cannot listen. */
  listening: Promise<{ grpc: string; http: string }>;
  send(message: ToSink): void;
  asks: Asks;
  /** Why what it recorded is not complete; undefined: it is. */
  failure(): string | undefined;
  /** Resolves when the last record is on disk and the thread is gone. */
  stop(): Promise<void>;
  terminate(): Promise<void>;
}

export interface SinkEars {
  onNews(news: SinkNews): void;
  onCanary(canary: SinkCanary): void;
  /** The error of a thread that could not start. */
  toError(reason: string, code: string | undefined): Error;
}

export function startSinkWorker(start: SinkThreadStart, ears: SinkEars): SinkWorker {
  const worker = new Worker(threadFile(), {
    workerData: start,
    name: `squall-sink-${start.thread}`,
    resourceLimits: steadyThread,
  });
  const listening = Promise.withResolvers<{ grpc: string; http: string }>();
  const done = Promise.withResolvers<void>();
  const asks = createAsks();
  let failure: string | undefined;
  let isDone = false;
  done.promise.catch(() => undefined); // it is awaited in stop(); until then failure() tells
  listening.promise.catch(() => undefined); // it is awaited by who starts the thread
  const fail = (reason: string, code?: string) => {
    failure ??= reason;
    listening.reject(ears.toError(reason, code));
    asks.rejectOpen(reason);
  };
  worker.on('message', (message: FromSink) => {
    switch (message.kind) {
      case 'listening':
        return listening.resolve(message);
      case 'failed':
        return fail(message.message, message.code);
      case 'progress':
        return ears.onNews(message);
      case 'canary':
        return ears.onCanary({ ...message, number: Number(message.canary) });
      case 'ack':
        return asks.answered(message.id, message.struck);
      case 'done':
        isDone = true;
        return done.resolve();
      default:
        message satisfies never;
    }
  });
  worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)));
  worker.on('exit', () => {
    if (!isDone) fail('the sink thread ended');
    asks.close(failure ?? '');
    done.reject(new Error(`the sink failed: ${failure}`));
  });
  const send = (message: ToSink) => worker.postMessage(message);
  const terminate = async () => void (await worker.terminate());
  return {
    listening: listening.promise,
    send,
    asks,
    failure: () => failure,
    terminate,
    async stop() {
      send({ kind: 'stop' });
      await done.promise.finally(terminate);
    },
  };
}

/** TypeScript in development, compiled JavaScript in the package. */
function threadFile(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./sink-thread.${extension}`, import.meta.url);
}
