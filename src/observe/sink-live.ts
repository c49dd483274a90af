import type { Signal } from '../base/signal.ts';
import type { Plan } from '../plan/types.ts';
import { createSequenceSet, type SequenceSet } from './delivered.ts';
import type { SinkNews } from './sink-recorder.ts';

export interface SinkProgress {
  /** Distinct items accepted. */
  delivered: Record<Signal, number>;
  duplicated: number;
  foreign: number;
  /** Last accepted request, ns from t = 0; -Infinity before the first. */
  lastArrivalNs: number;
}

/** What all threads of a sink accepted, for the live line; the ledger counts anew from the files. */
export interface LiveCounts {
  /** News of one thread. */
  add(thread: number, news: SinkNews): void;
  progress(): SinkProgress;
}

export function createLiveCounts(plan: Plan): LiveCounts {
  const signalOf = new Map<number, Signal>();
  for (const { streams, spec } of plan.entries) {
    for (const stream of streams) signalOf.set(stream, spec.signal);
  }
  const sets = new Map<number, SequenceSet>();
  const delivered: Record<Signal, number> = { traces: 0, metrics: 0, logs: 0 };
  let duplicated = 0;
  const last: SinkNews[] = [];
  const take = (stream: number, from: number, count: number) => {
    const signal = signalOf.get(stream);
    if (signal === undefined) return;
    const set = sets.get(stream) ?? createSequenceSet();
    sets.set(stream, set);
    const before = set.size();
    set.add(from, count);
    const added = set.size() - before;
    delivered[signal] += added;
    duplicated += count - added;
  };
  return {
    add(thread, news) {
      last[thread] = news;
      const { runs } = news;
      for (let i = 0; i < runs.length; i += 3) {
        take(runs[i] as number, runs[i + 1] as number, runs[i + 2] as number);
      }
    },
    progress: () => ({
      delivered: { ...delivered },
      duplicated,
      foreign: last.reduce((sum, { foreign }) => sum + foreign, 0),
      lastArrivalNs: last.reduce(
        (latest, { lastArrivalNs }) => Math.max(latest, lastArrivalNs),
        Number.NEGATIVE_INFINITY,
      ),
    }),
  };
}
