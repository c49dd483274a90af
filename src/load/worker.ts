import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { raisePriority } from '../base/priority.ts';
import { runKeys } from '../otlp/item-id.ts';
import { createPacer, streamOf, workersOf } from '../plan/pace.ts';
import type { EntryPlan } from '../plan/types.ts';
import { aheadNs, createWatcher } from './awake.ts';
import { createBodies } from './bodies.ts';
import { createExporter, type Exporter } from './exporter.ts';
import { Flow } from './flow.ts';
import type { FromWorker, ToWorker, WorkerStart } from './messages.ts';
import { PeerList } from './peers.ts';
import { RecordWriter } from './records.ts';
import { connectionShare, inFlightShare } from './share.ts';
import { Tally } from './tally.ts';

export interface WorkerThreadData {
  squall: 'load';
  start: WorkerStart;
  bells: SharedArrayBuffer;
}

const progressEveryMs = 500;

/** One load worker: connects, waits for go, then sends what is due each time its bell rings. */
async function work(port: MessagePort, data: WorkerThreadData): Promise<void> {
  raisePriority();
  const { start } = data;
  const writer = await RecordWriter.open(start.recordsFile);
  const tally = new Tally();
  const peers = new PeerList(start.worker);
  const exporters: Exporter[] = [];
  const flows: Flow[] = [];
  for (const entry of start.plan.entries) {
    if (start.worker >= workersOf(entry)) continue;
    const exporter = createWorkerExporter(entry, start, peers);
    exporters.push(exporter);
    flows.push(createFlow({ entry, start, exporter, tally, writer }));
  }
  const post = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  const report = (kind: 'progress' | 'done') => {
    const ackMs = tally.takeLatenciesMs();
    const progress = { counts: tally.counts(), generator: tally.health(), ackMs, peers: peers.list() };
    post({ kind, ...progress }, [ackMs.buffer as ArrayBuffer]);
  };
  const ended = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    writer.flush().catch(ended.reject);
    report('progress');
  }, progressEveryMs);
  const drain = () => {
    let lateNs: number | undefined;
    for (const flow of flows) {
      const late = flow.drain();
      if (late !== undefined) lateNs = Math.max(late, lateNs ?? 0);
    }
    if (lateNs !== undefined) tally.tick(lateNs);
  };
  const checkEnd = setInterval(() => {
    if (going && flows.every((flow) => flow.finished)) ended.resolve();
  }, 20);
  let going = false;
  port.on('message', (message: ToWorker) => {
    if (message.kind !== 'go') {
      going = true;
      for (const flow of flows) flow[message.kind]();
      return;
    }
    for (const flow of flows) flow.go(message.t0Ns);
    tally.startCpu();
    going = true;
    const look = createWatcher({
      aheadNs: aheadNs(start.plan),
      nowNs: () => systemClock.nowNs() - message.t0Ns,
      drain,
      nextDueNs: () => Math.min(...flows.map((flow) => flow.nextDueNs)),
      soon: setImmediate,
    });
    void listen(new Int32Array(data.bells), start.worker, look).catch(ended.reject);
  });
  await Promise.all(exporters.map((exporter) => exporter.ready()));
  for (const flow of flows) flow.warmUp();
  post({ kind: 'ready' });
  try {
    await ended.promise;
  } finally {
    clearInterval(timer);
    clearInterval(checkEnd);
    for (const exporter of exporters) exporter.close();
    await writer.close();
  }
  report('done');
  port.close();
}

/** Calls `look` at every ring. The ticker raises the counter before it notifies, so no ring is slept through. */
async function listen(bells: Int32Array, worker: number, look: () => void): Promise<never> {
  for (;;) {
    const seen = Atomics.load(bells, worker);
    look();
    const wait = Atomics.waitAsync(bells, worker, seen);
    if (wait.async) await wait.value;
  }
}

function createWorkerExporter(entry: EntryPlan, start: WorkerStart, peers: PeerList): Exporter {
  const { spec } = entry;
  const workers = workersOf(entry);
  return createExporter({
    signal: spec.signal,
    protocol: spec.protocol,
    compression: spec.compression,
    endpoints: start.endpoints,
    connections: connectionShare({
      connections: spec.connections,
      workers,
      endpoints: start.endpoints.length,
    }),
    maxInFlight: inFlightShare(spec.maxInFlight, { worker: start.worker, workers }),
    peers,
  });
}

function createFlow(parts: {
  entry: EntryPlan;
  start: WorkerStart;
  exporter: Exporter;
  tally: Tally;
  writer: RecordWriter;
}): Flow {
  const { entry, start, exporter, tally, writer } = parts;
  const workers = workersOf(entry);
  const { worker } = start;
  return new Flow({
    entry,
    pacer: createPacer(entry.pace),
    worker,
    workers,
    seed: start.plan.seed,
    bound: inFlightShare(entry.spec.maxInFlight, { worker, workers }),
    clock: systemClock,
    exporter,
    bodies: createBodies(start.plan, entry, {
      stream: streamOf(entry, worker),
      keys: runKeys(start.plan.runId),
    }),
    tally,
    record: (record) => writer.append(record),
  });
}

if (parentPort !== null && workerData?.squall === 'load') {
  const port = parentPort;
  work(port, workerData as WorkerThreadData).catch((error: unknown) => {
    port.postMessage({
      kind: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    port.close();
  });
}
