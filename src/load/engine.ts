import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { settled } from '../base/settled.ts';
import { steadyThread } from '../base/thread-limits.ts';
import type { PeerRecord } from '../observe/evidence.ts';
import { workersOf } from '../plan/pace.ts';
import type { Plan } from '../plan/types.ts';
import type { CanaryOptions } from './canary.ts';
import type { Outcome } from './exporter.ts';
import { mergeCounts, mergeHealth } from './merge.ts';
import type { FromWorker, GeneratorHealth, LoadCounts, LoadEndpoint, ToWorker } from './messages.ts';
import { orders } from './orders.ts';
import type { TickerStart } from './ticker.ts';
import type { WorkerThreadData } from './worker.ts';

export interface LoadOptions {
  plan: Plan;
  /** Those that take load, in member order. */
  endpoints: LoadEndpoint[];
  /** Folder of the request records, requests-N.bin for worker N. */
  evidenceDir: string;
  /** Those of the plan's workers that run here; default all of them. */
  workers?: readonly number[];
  /** `ackMs`: each worker's latencies of its last interval. */
  onProgress?: (counts: LoadCounts, generator: GeneratorHealth, ackMs: readonly Float64Array[]) => void;
}

export interface LoadResult {
  counts: LoadCounts;
  generator: GeneratorHealth;
  /** Where the connections ended that request records name; at the end at the latest. */
  peers?: PeerRecord[];
}

export interface LoadRun {
  /** Starts the timeline: t = 0 in the clock of base/clock.ts, now or a little ahead. */
  go(t0Ns: number): void;
  /** The timeline ends here: nothing further is due; what was due is sent and tried again as usual; then `done`. */
  end(): void;
  /** No further request is due; those in flight end; then `done` resolves. */
  stop(): void;
  progress(): LoadResult;
  /** Resolves when every due item has ended; rejects when a worker dies. */
  done: Promise<LoadResult>;
  /** Ends the threads, whatever their state. */
  close(): Promise<void>;
  /** Where the load runs elsewhere: canaries take its way, and word of t = 0 needs so long, ms. */
  remote?: { sendCanary(options: CanaryOptions): Promise<Outcome>; leadMs: number };
}

interface WorkerState {
  thread: Worker;
  last: LoadResult;
  ackMs: Float64Array;
  done: boolean;
}

/** Starts as many worker threads as the busiest entry asks for and resolves when all have opened their evidence file. */
export async function startLoad(options: LoadOptions): Promise<LoadRun> {
  const workers = Math.max(0, ...options.plan.entries.map(workersOf));
  const bells = new SharedArrayBuffer((workers + 1) * 4);
  const t0 = new SharedArrayBuffer(8);
  const order = (value: number) => {
    Atomics.store(new Int32Array(bells), workers, value);
    Atomics.notify(new Int32Array(bells), workers);
  };
  const ended = Promise.withResolvers<LoadResult>();
  ended.promise.catch(() => {}); // the caller awaits `done` when it is ready to
  const states: WorkerState[] = [];
  const merged = (): LoadResult => ({
    counts: mergeCounts(states.map(({ last, ackMs }) => ({ counts: last.counts, ackMs }))),
    generator: mergeHealth(states.map(({ last }) => last.generator)),
    peers: states.flatMap(({ last }) => last.peers ?? []),
  });
  const ready: Promise<void>[] = [];
  const all = Array.from({ length: workers }, (_, worker) => worker);
  for (const worker of options.workers ?? all) {
    const state = startWorker(options, { worker, bells });
    states.push(state);
    ready.push(
      watchWorker(state, {
        worker,
        onProgress: () => {
          const { counts, generator } = merged();
          options.onProgress?.(
            counts,
            generator,
            states.map(({ ackMs }) => ackMs),
          );
        },
        onDone: () => {
          if (states.every(({ done }) => done)) ended.resolve(merged());
        },
        onDeath: ended.reject,
      }),
    );
  }
  if (states.length === 0) ended.resolve(merged());
  const ticker = startTicker({ plan: options.plan, bells, t0 }, ended.reject);
  const close = async () => {
    order(orders.end);
    await Promise.all([...states.map(({ thread }) => thread.terminate()), ticker.terminate()]);
    ended.reject(new Error('the load was closed before it ended'));
  };
  try {
    await Promise.all(ready);
  } catch (error) {
    await settled(close());
    throw error;
  }
  const tell = (message: ToWorker) => {
    for (const { thread } of states) thread.postMessage(message);
  };
  return {
    go(t0Ns) {
      tell({ kind: 'go', t0Ns });
      new Float64Array(t0)[0] = t0Ns;
      order(orders.go);
    },
    end: () => tell({ kind: 'end' }),
    stop: () => tell({ kind: 'stop' }),
    progress: merged,
    done: ended.promise,
    close,
  };
}

function startWorker(options: LoadOptions, place: { worker: number; bells: SharedArrayBuffer }): WorkerState {
  const { worker, bells } = place;
  const data: WorkerThreadData = {
    squall: 'load',
    start: {
      plan: options.plan,
      worker,
      endpoints: options.endpoints,
      recordsFile: join(options.evidenceDir, `requests-${worker}.bin`),
    },
    bells,
  };
  const thread = new Worker(threadFile('worker'), {
    workerData: data,
    name: `squall-load-${worker}`,
    resourceLimits: steadyThread,
  });
  return {
    thread,
    last: { counts: mergeCounts([]), generator: mergeHealth([]), peers: [] },
    ackMs: new Float64Array(),
    done: false,
  };
}

/** Resolves when the worker is ready. Reports its progress, its end, or that it died before its end. */
function watchWorker(
  state: WorkerState,
  on: { worker: number; onProgress(): void; onDone(): void; onDeath(error: Error): void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const die = (why: string, cause?: unknown) => {
      const error = new Error(`load worker ${on.worker} ${why}`, { cause });
      reject(error);
      on.onDeath(error);
    };
    state.thread.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') return resolve();
      if (message.kind === 'failed') return die(`failed: ${message.message}`);
      const { counts, generator, peers = [] } = message;
      state.last = { counts, generator, peers };
      state.ackMs = message.ackMs ?? new Float64Array();
      on.onProgress();
      if (message.kind !== 'done') return;
      state.done = true;
      on.onDone();
    });
    state.thread.on('error', (error) => die(`failed: ${error.message}`, error));
    state.thread.on('exit', (code) => {
      if (!state.done) die(`ended early with code ${code}`);
    });
  });
}

function startTicker(start: TickerStart, onDeath: (error: Error) => void): Worker {
  const ticker = new Worker(threadFile('ticker'), {
    workerData: { squall: 'ticker', start },
    name: 'squall-ticker',
  });
  ticker.on('error', (error) => onDeath(new Error(`load ticker failed: ${error.message}`, { cause: error })));
  return ticker;
}

/** Threads run the same kind of file as this one: .ts from the checkout, .js from the package. */
function threadFile(name: string): URL {
  return new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
}
