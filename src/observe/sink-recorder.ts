import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
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

/** Keeps what arrived: on disk before the answer, and as counts for the live line. */
export interface Recorder {
  /** Throws when the disk does not take it. */
  record(request: Received): void;
  /** t = 0 is known from now on. Before that arrivals are held in memory, for their times are relative to it. */
  go(t0Ns: number): void;
  counts(): { delivered: Record<Signal, number>; duplicated: number; foreign: number; lastArrivalNs: number };
  close(): void;
}

/** One well-formed request. If `accepted`, all of its items are but the last `rejected`; otherwise it was only seen. */
export interface Received {
  signal: Signal;
  items: Items;
  accepted: boolean;
  rejected: number;
  arrivalNs: number;
}

export function createRecorder(options: { plan: Plan; arrivalsFile: string; durable: boolean }): Recorder {
  const file = openSync(options.arrivalsFile, 'a');
  const live = createLiveCounts(options.plan);
  let foreign = 0;
  let lastArrivalNs = Number.NEGATIVE_INFINITY;
  let t0Ns: number | undefined;
  let held: { runs: Runs; arrivalNs: number; accepted: boolean; request: number }[] = [];
  let request = 0;
  const runs = createRuns();

  function write(part: { runs: Runs; arrivalNs: number; accepted: boolean; request: number }) {
    if (part.runs.length === 0) return;
    if (t0Ns === undefined) {
      const copy = createRuns();
      for (let i = 0; i < part.runs.length; i++) {
        const [stream, from, count] = [part.runs.stream[i], part.runs.from[i], part.runs.count[i]];
        addRun(copy, stream as number, from as number, count as number);
      }
      held.push({ ...part, runs: copy });
      return;
    }
    const bytes = encodeArrivals(part.runs, { ...part, arrivalNs: part.arrivalNs - t0Ns });
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    if (options.durable) fdatasyncSync(file);
  }

  return {
    record({ signal, items, accepted, rejected, arrivalNs }) {
      const of = { arrivalNs, request: request++ };
      const kept = accepted ? Math.max(0, items.count - rejected) : 0;
      collectRuns(items, 0, kept, runs);
      write({ ...of, runs, accepted: true });
      live.add(runs);
      collectRuns(items, kept, items.count, runs);
      write({ ...of, runs, accepted: false });
      runs.length = 0;
      const foreignHere = items.foreign - items.altered;
      if (foreignHere > 0) addRun(runs, foreignStream, foreignKind(signal, false), foreignHere);
      if (items.altered > 0) addRun(runs, foreignStream, foreignKind(signal, true), items.altered);
      write({ ...of, runs, accepted });
      foreign += items.foreign;
      if (accepted) lastArrivalNs = arrivalNs;
    },
    go(at) {
      t0Ns = at;
      for (const part of held) write(part);
      held = [];
    },
    counts: () => ({
      ...live.counts(),
      foreign,
      lastArrivalNs: lastArrivalNs - (t0Ns ?? 0),
    }),
    close: () => closeSync(file),
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
