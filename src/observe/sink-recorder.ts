import type { Signal } from '../base/signal.ts';
import type { Items } from '../otlp/decode-items.ts';
import type { Plan } from '../plan/types.ts';
import {
  addRun,
  collectRuns,
  createRuns,
  encodeArrivals,
  foreignKind,
  foreignStream,
  type Runs,
} from './arrivals.ts';
import { createSequenceSet, type SequenceSet } from './delivered.ts';
import { arrivalFields, arrivalRecordBytes } from './evidence.ts';

/** Keeps what arrived: as records before the answer, and as counts for the live line. */
export interface Recorder {
  /** Throws when the records could not be kept; then nothing of the request counts. */
  record(request: Received): void;
  /** t = 0 is known from now on. Before that arrivals are held in memory, for their times are relative to it. */
  go(t0Ns: number): void;
  counts(): { delivered: Record<Signal, number>; duplicated: number; foreign: number; lastArrivalNs: number };
}

/** One well-formed request. If `accepted`, all of its items are but the last `rejected`; otherwise it was only seen. */
export interface Received {
  signal: Signal;
  items: Items;
  accepted: boolean;
  rejected: number;
  arrivalNs: number;
}

/** `append` takes whole records of evidence/arrivals.bin, all of one request at once, or throws and keeps none. */
export function createRecorder(plan: Plan, append: (records: Buffer) => void): Recorder {
  const live = createLiveCounts(plan);
  const accepted = createRuns();
  const seen = createRuns();
  let foreign = 0;
  let lastArrivalNs = Number.NEGATIVE_INFINITY;
  let t0Ns: number | undefined;
  let held: ((t0Ns: number) => Buffer)[] = [];
  let request = 0;
  return {
    record(received) {
      const { items, arrivalNs } = received;
      splitRuns(received, accepted, seen);
      const number = request++;
      const encode = (from: number) =>
        Buffer.concat([
          encodeArrivals(accepted, { arrivalNs: arrivalNs - from, accepted: true, request: number }),
          encodeArrivals(seen, { arrivalNs: arrivalNs - from, accepted: false, request: number }),
        ]);
      if (t0Ns === undefined) held.push(heldRecords(encode(0)));
      else append(encode(t0Ns));
      live.add(accepted);
      if (!received.accepted) return;
      foreign += items.foreign;
      lastArrivalNs = arrivalNs;
    },
    go(at) {
      t0Ns = at;
      for (const records of held) append(records(at));
      held = [];
    },
    counts: () => ({ ...live.counts(), foreign, lastArrivalNs: lastArrivalNs - (t0Ns ?? 0) }),
  };
}

/** Sorts a request's items into accepted runs and those only seen; foreign items share the request's fate. */
function splitRuns(received: Received, accepted: Runs, seen: Runs): void {
  const { items, signal } = received;
  const kept = received.accepted ? Math.max(0, items.count - received.rejected) : 0;
  collectRuns(items, 0, kept, accepted);
  collectRuns(items, kept, items.count, seen);
  const runs = received.accepted ? accepted : seen;
  const foreign = items.foreign - items.altered;
  if (foreign > 0) addRun(runs, foreignStream, foreignKind(signal, false), foreign);
  if (items.altered > 0) addRun(runs, foreignStream, foreignKind(signal, true), items.altered);
}

/** Records with absolute times, to be made relative once t = 0 is known. */
function heldRecords(records: Buffer): (t0Ns: number) => Buffer {
  const at = arrivalFields.indexOf('arrivalNs') * 8;
  return (t0Ns) => {
    for (let record = at; record < records.length; record += arrivalRecordBytes) {
      records.writeDoubleLE(records.readDoubleLE(record) - t0Ns, record);
    }
    return records;
  };
}

/** Distinct accepted items by signal, for the live line; the ledger counts anew from the file. */
function createLiveCounts(plan: Plan): {
  add(accepted: Runs): void;
  counts(): { delivered: Record<Signal, number>; duplicated: number };
} {
  const signalOf = new Map<number, Signal>();
  for (const { streams, spec } of plan.entries) {
    for (const stream of streams) signalOf.set(stream, spec.signal);
  }
  const sets = new Map<number, SequenceSet>();
  const delivered: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  let duplicated = 0;
  return {
    add(accepted) {
      for (let i = 0; i < accepted.length; i++) {
        const stream = accepted.stream[i] as number;
        const signal = signalOf.get(stream);
        if (signal === undefined) continue;
        const set = sets.get(stream) ?? createSequenceSet();
        sets.set(stream, set);
        const before = set.size();
        set.add(accepted.from[i] as number, accepted.count[i] as number);
        const added = set.size() - before;
        delivered[signal] += added;
        duplicated += (accepted.count[i] as number) - added;
      }
    },
    counts: () => ({ delivered: { ...delivered }, duplicated }),
  };
}
