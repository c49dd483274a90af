import { SquallError } from '../base/errors.ts';
import { settled } from '../base/settled.ts';
import type { SinkScript } from '../fault/fault.ts';
import { type CanaryArrival, createCanaryBoard } from './sink-canaries.ts';
import { createLiveCounts, type SinkProgress } from './sink-live.ts';
import type { SinkStart } from './sink-messages.ts';
import { type SinkEars, type SinkWorker, startSinkWorker } from './sink-worker.ts';

/** Stands for the pipeline's backend: an OTLP receiver in its own threads that keeps the ids of all that arrives. */
export interface Sink {
  /** HOST:PORT actually bound. */
  grpc: string;
  http: string;
  go(t0Ns: number): void;
  script: SinkScript;
  progress(): SinkProgress;
  /** The canary's arrival, past or to come; undefined when `timeoutMs` is over. */
  awaitCanary(number: number, timeoutMs: number): Promise<CanaryArrival | undefined>;
  /** Why what the sink recorded is not complete (a thread died, the disk was full); undefined: it is complete. */
  failure(): string | undefined;
  /** Resolves when the last record is on disk. */
  stop(): Promise<void>;
}

/** Resolves when the sink listens. Errors: SQ-PORT-IN-USE, SQ-SINK-START. */
export async function startSink(options: SinkStart): Promise<Sink> {
  const live = createLiveCounts(options.plan);
  const canaries = createCanaryBoard();
  const workers: SinkWorker[] = [];
  const start = (thread: number, addresses: { grpc: string; http: string }) => {
    const ears: SinkEars = {
      onNews: (news) => live.add(thread, news),
      onCanary: ({ number, ...arrival }) => canaries.arrived(number, arrival),
      toError: (reason, code) => startError(options, reason, code),
    };
    const worker = startSinkWorker({ ...options, ...addresses, ...filesOf(options, thread), thread }, ears);
    workers.push(worker);
    return worker.listening;
  };
  const each = <T>(act: (worker: SinkWorker) => Promise<T>) => Promise.all(workers.map(act));
  try {
    const { grpc, http } = await start(0, options);
    // The others need the ports that the first one was given.
    const others = Array.from({ length: (options.threads ?? 1) - 1 }, (_, i) => start(i + 1, { grpc, http }));
    await Promise.all(others);
    return {
      grpc,
      http,
      go(t0Ns) {
        for (const worker of workers) worker.send({ kind: 'go', t0Ns });
      },
      script: {
        set: async (reply) => {
          await each(({ asks, send }) => asks.ask((id) => send({ kind: 'reply', reply, id })));
        },
        struck: async () => {
          const struck = await each(({ asks, send }) => asks.ask((id) => send({ kind: 'struck', id })));
          return struck.reduce((sum, count) => sum + count, 0);
        },
      },
      progress: live.progress,
      awaitCanary: canaries.wait,
      failure: () => workers.map(({ failure }) => failure()).find((reason) => reason !== undefined),
      stop: async () => {
        await each(({ stop }) => stop());
      },
    };
  } catch (error) {
    await settled(each(({ terminate }) => terminate()));
    throw error;
  }
}

/** Each thread but the first has files of its own: arrivals-1.bin beside arrivals.bin, and so on. */
function filesOf(options: SinkStart, thread: number): { arrivalsFile: string; captureFile?: string } {
  const { arrivalsFile, captureFile } = options;
  const own = (file: string) => (thread === 0 ? file : file.replace(/(\.\w+)?$/, `-${thread}$1`));
  return {
    arrivalsFile: own(arrivalsFile),
    ...(captureFile === undefined ? {} : { captureFile: own(captureFile) }),
  };
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
