import type { Signal } from '../base/signal.ts';
import { addRun, createRuns, type Items, joinRun, type Runs } from '../otlp/decode-items.ts';
import { foreignKind, foreignStream, splitRuns } from './arrivals.ts';
import { arrivalFields, arrivalRecordBytes } from './evidence.ts';
import type { RecordFile } from './sink-file.ts';

/** Keeps what arrived: as records before the answer, and as news for the live line. */
export interface Recorder {
  /** `done` when the records are kept; with a failure they are not, and nothing of the request counts. */
  record(request: Received, done: (failure?: Error) => void): void;
  /** t = 0 is known from now on. Before that arrivals are held in memory, for their times are relative to it. */
  go(t0Ns: number): void;
  /** What was accepted since the last call. */
  takeNews(): SinkNews;
  /** Resolves when nothing is left to write. */
  close(): Promise<void>;
}

/** One well-formed request. If `accepted`, all of its items are but the last `rejected`; otherwise it was only seen. */
export interface Received {
  signal: Signal;
  items: Items;
  accepted: boolean;
  rejected: number;
  arrivalNs: number;
}

export interface SinkNews {
  /** Accepted runs in turn: stream, first sequence, count. */
  runs: Float64Array;
  /** In all so far. */
  foreign: number;
  /** Of the last accepted request, ns from t = 0; -Infinity before the first. */
  lastArrivalNs: number;
}

export interface RecorderOptions {
  file: RecordFile;
  /** Records are synced to disk before the answer. */
  durable: boolean;
  /** Runs a commit soon: all requests until then share one write, and one sync. */
  schedule(commit: () => void): void;
  /** The sink's threads count requests in turn: this one's numbers are first, first + step, ... */
  requests: { first: number; step: number };
}

const cells = arrivalFields.length;
const arrivalCell = arrivalFields.indexOf('arrivalNs');

/** Records of requests that are answered together. */
interface Batch {
  cells: Float64Array;
  records: number;
  done: ((failure?: Error) => void)[];
}

interface State extends RecorderOptions {
  open: Batch;
  /** Being synced. */
  busy: Batch | undefined;
  /** The batch last synced, to be filled again. */
  spare: Batch;
  scheduled: boolean;
  t0Ns: number | undefined;
  runs: Runs;
  foreign: number;
  lastArrivalNs: number;
  idle: (() => void)[];
}

export function createRecorder(options: RecorderOptions): Recorder {
  const state: State = {
    ...options,
    open: createBatch(),
    busy: undefined,
    spare: createBatch(),
    scheduled: false,
    t0Ns: undefined,
    runs: createRuns(),
    foreign: 0,
    lastArrivalNs: Number.NEGATIVE_INFINITY,
    idle: [],
  };
  const accepted = createRuns();
  const seen = createRuns();
  let request = options.requests.first;
  return {
    record(received, done) {
      sortOut(received, { accepted, seen });
      const arrivalNs = received.arrivalNs - (state.t0Ns ?? 0);
      addRecords(state.open, accepted, { arrivalNs, accepted: 1, request });
      addRecords(state.open, seen, { arrivalNs, accepted: 0, request });
      request += options.requests.step;
      state.open.done.push(done);
      schedule(state);
    },
    go(t0Ns) {
      state.t0Ns = t0Ns;
      state.lastArrivalNs -= t0Ns;
      const { open } = state;
      for (let i = arrivalCell; i < open.records * cells; i += cells) {
        open.cells[i] = (open.cells[i] as number) - t0Ns;
      }
      commit(state);
    },
    takeNews() {
      const { runs, foreign, lastArrivalNs } = state;
      const news = new Float64Array(runs.length * 3);
      for (let i = 0; i < runs.length; i++) {
        news[3 * i] = runs.stream[i] as number;
        news[3 * i + 1] = runs.from[i] as number;
        news[3 * i + 2] = runs.count[i] as number;
      }
      runs.length = 0;
      return { runs: news, foreign, lastArrivalNs };
    },
    async close() {
      if (state.t0Ns !== undefined) commit(state);
      while (state.busy !== undefined) await new Promise<void>((resolve) => state.idle.push(resolve));
    },
  };
}

function createBatch(): Batch {
  return { cells: new Float64Array(256 * cells), records: 0, done: [] };
}

function schedule(state: State): void {
  if (state.scheduled || state.busy !== undefined) return;
  state.scheduled = true;
  state.schedule(() => {
    state.scheduled = false;
    if (state.t0Ns === undefined) hold(state);
    else commit(state);
  });
}

/** Before t = 0: answered, and written when it is known. */
function hold(state: State): void {
  const { open } = state;
  const done = open.done;
  open.done = [];
  for (const one of done) one();
}

function commit(state: State): void {
  const { open, file } = state;
  if (state.busy !== undefined || open.records + open.done.length === 0) return;
  let failure: Error | undefined;
  try {
    file.append(new Uint8Array(open.cells.buffer, 0, open.records * arrivalRecordBytes));
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  }
  if (failure !== undefined || !state.durable) finish(state, open, failure);
  else syncBatch(state, open);
}

/** Requests that come meanwhile share the next write and its sync. */
function syncBatch(state: State, batch: Batch): void {
  state.busy = batch;
  state.open = state.spare;
  state.file.sync((failure) => {
    state.busy = undefined;
    state.spare = batch;
    finish(state, batch, failure);
    commit(state);
    if (state.busy === undefined) for (const wake of state.idle.splice(0)) wake();
  });
}

/** Tells all who wait for the batch, and empties it. */
function finish(state: State, batch: Batch, failure: Error | undefined): void {
  if (failure === undefined) countBatch(state, batch);
  const { done } = batch;
  batch.records = 0;
  batch.done = [];
  for (const one of done) one(failure);
}

/** What was accepted, for the live line; the ledger counts anew from the file. */
function countBatch(state: State, batch: Batch): void {
  const { runs } = state;
  for (let i = 0; i < batch.records * cells; i += cells) {
    if (batch.cells[i + 4] !== 1) continue;
    const stream = batch.cells[i] as number;
    const count = batch.cells[i + 2] as number;
    if (stream === foreignStream) state.foreign += count;
    else joinRun(runs, stream, batch.cells[i + 1] as number, count);
    state.lastArrivalNs = batch.cells[i + arrivalCell] as number;
  }
}

/** Accepted runs and those only seen; foreign items share the request's fate. */
function sortOut(received: Received, into: { accepted: Runs; seen: Runs }): void {
  const { items, signal } = received;
  splitRuns(items, received.accepted ? Math.max(0, items.count - received.rejected) : 0, into);
  const runs = received.accepted ? into.accepted : into.seen;
  const foreign = items.foreign - items.altered;
  if (foreign > 0) addRun(runs, foreignStream, foreignKind(signal, false), foreign);
  if (items.altered > 0) addRun(runs, foreignStream, foreignKind(signal, true), items.altered);
}

/** Arrival records of the runs, as they stand in evidence/arrivals.bin on a little-endian machine. */
function addRecords(
  batch: Batch,
  runs: Runs,
  of: { arrivalNs: number; accepted: 0 | 1; request: number },
): void {
  const records = batch.records + runs.length;
  while (records * cells > batch.cells.length) {
    const larger = new Float64Array(batch.cells.length * 2);
    larger.set(batch.cells);
    batch.cells = larger;
  }
  let at = batch.records * cells;
  for (let i = 0; i < runs.length; i++) {
    batch.cells[at++] = runs.stream[i] as number;
    batch.cells[at++] = runs.from[i] as number;
    batch.cells[at++] = runs.count[i] as number;
    batch.cells[at++] = of.arrivalNs;
    batch.cells[at++] = of.accepted;
    batch.cells[at++] = of.request;
  }
  batch.records = records;
}
