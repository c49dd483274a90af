import { Worker } from 'node:worker_threads';
import { SquallError } from '../base/errors.ts';
import type { Signal } from '../base/signal.ts';
import type { SinkScript } from '../fault/fault.ts';
import type { FromSink, SinkStart, ToSink } from './sink-messages.ts';

export interface SinkProgress {
  /** Distinct items accepted. */
  delivered: Record<Signal, number>;
  duplicated: number;
  foreign: number;
  /** Last accepted request, ns from t = 0; -Infinity before the first. */
  lastArrivalNs: number;
}

export interface CanaryArrival {
  /** Monotonic ns of base/clock.ts. */
  arrivalNs: number;
  altered: string[];
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
  const canaries = new Map<number, CanaryArrival>();
  const canaryWaits = new Map<number, Set<(arrival: CanaryArrival) => void>>();
  const asks = new Map<number, { resolve(struck: number): void; reject(error: Error): void }>();
  let nextAsk = 0;
  let failure: string | undefined;
  let progress: SinkProgress = {
    delivered: { traces: 0, metrics: 0, logs: 0 },
    duplicated: 0,
    foreign: 0,
    lastArrivalNs: Number.NEGATIVE_INFINITY,
  };
  const send = (message: ToSink) => worker.postMessage(message);
  const listening = Promise.withResolvers<{ grpc: string; http: string }>();
  const done = Promise.withResolvers<void>();
  done.promise.catch(() => undefined); // it is awaited in stop(); until then failure() tells

  function end(reason: string, code?: string) {
    failure ??= reason;
    listening.reject(startError(options, reason, code));
    for (const ask of asks.values()) ask.reject(new Error(`the sink failed: ${reason}`));
    asks.clear();
  }

  worker.on('message', (message: FromSink) => {
    switch (message.kind) {
      case 'listening':
        return listening.resolve(message);
      case 'failed':
        return end(message.message, message.code);
      case 'progress': {
        const { kind: _, ...counts } = message;
        progress = counts;
        return;
      }
      case 'canary': {
        const number = Number(message.canary);
        const arrival = { arrivalNs: message.arrivalNs, altered: message.altered };
        if (canaries.has(number)) return;
        canaries.set(number, arrival);
        for (const resolve of canaryWaits.get(number) ?? []) resolve(arrival);
        return;
      }
      case 'ack':
        asks.get(message.id)?.resolve(message.struck);
        asks.delete(message.id);
        return;
      case 'done':
        return done.resolve();
      default:
        message satisfies never;
    }
  });
  worker.on('error', (error) => {
    end(error instanceof Error ? error.message : String(error));
    done.reject(error);
  });
  worker.on('exit', () => done.reject(new Error(failure ?? 'the sink thread ended')));

  function ask(message: { kind: 'struck' } | { kind: 'reply'; reply: Parameters<SinkScript['set']>[0] }) {
    return new Promise<number>((resolve, reject) => {
      if (failure !== undefined) return reject(new Error(`the sink failed: ${failure}`));
      const id = nextAsk++;
      asks.set(id, { resolve, reject });
      send({ ...message, id });
    });
  }

  const { grpc, http } = await listening.promise.catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  return {
    grpc,
    http,
    go: (t0Ns) => send({ kind: 'go', t0Ns }),
    script: {
      set: async (reply) => {
        await ask({ kind: 'reply', reply });
      },
      struck: () => ask({ kind: 'struck' }),
    },
    progress: () => progress,
    awaitCanary: (number, timeoutMs) => {
      const found = canaries.get(number);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve) => {
        const waits = canaryWaits.get(number) ?? new Set();
        canaryWaits.set(number, waits);
        const timer = setTimeout(() => finish(undefined), timeoutMs);
        const finish = (arrival: CanaryArrival | undefined) => {
          clearTimeout(timer);
          waits.delete(finish);
          resolve(arrival);
        };
        waits.add(finish);
      });
    },
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
