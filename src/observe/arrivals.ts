import { type Signal, signals } from '../base/signal.ts';
import type { Items } from '../otlp/decode-items.ts';

/** Stream of arrival records that count foreign items; the record's `from` is then a foreignKind. */
export const foreignStream = 0;

/** The signal's index, plus 3 for points of a series of ours whose time is not on its grid. */
export function foreignKind(signal: Signal, altered: boolean): number {
  return signals.indexOf(signal) + (altered ? signals.length : 0);
}

export function readForeignKind(kind: number): { signal: Signal; altered: boolean } | undefined {
  const signal = signals[kind % signals.length];
  return signal === undefined ? undefined : { signal, altered: kind >= signals.length };
}

/** Runs of consecutive sequences of one stream: run i is [from[i], from[i] + count[i]). Reused and grown. */
export interface Runs {
  length: number;
  stream: Float64Array;
  from: Float64Array;
  count: Float64Array;
}

export function createRuns(): Runs {
  const capacity = 256;
  return {
    length: 0,
    stream: new Float64Array(capacity),
    from: new Float64Array(capacity),
    count: new Float64Array(capacity),
  };
}

/** A request that was cut into more runs than this share of its items is sorted first. */
const sortAbove = 1 / 8;

/**
 * Runs of items [first, last) of a request. Items that lie scattered (points dealt to several metrics) are sorted per
 * stream; the order of items within one request carries no meaning.
 */
export function collectRuns(items: Items, first: number, last: number, runs: Runs): void {
  runs.length = 0;
  for (let i = first; i < last; i++)
    joinRun(runs, items.streams[i] as number, items.sequences[i] as number, 1);
  if (runs.length <= 1 || runs.length <= (last - first) * sortAbove) return;
  const byStream = new Map<number, number[]>();
  for (let i = first; i < last; i++) {
    const stream = items.streams[i] as number;
    const found = byStream.get(stream);
    if (found === undefined) byStream.set(stream, [items.sequences[i] as number]);
    else found.push(items.sequences[i] as number);
  }
  runs.length = 0;
  for (const [stream, sequences] of byStream) {
    for (const sequence of Float64Array.from(sequences).sort()) joinRun(runs, stream, sequence, 1);
  }
}

/** Adds a run to the last one where it continues it. */
export function joinRun(runs: Runs, stream: number, from: number, count: number): void {
  const last = runs.length - 1;
  if (last >= 0 && runs.stream[last] === stream) {
    const sofar = runs.count[last] as number;
    if ((runs.from[last] as number) + sofar === from) {
      runs.count[last] = sofar + count;
      return;
    }
  }
  addRun(runs, stream, from, count);
}

export function addRun(runs: Runs, stream: number, from: number, count: number): void {
  const at = runs.length++;
  if (at === runs.stream.length) {
    runs.stream = doubled(runs.stream);
    runs.from = doubled(runs.from);
    runs.count = doubled(runs.count);
  }
  runs.stream[at] = stream;
  runs.from[at] = from;
  runs.count[at] = count;
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
