import { type Signal, signals } from '../base/signal.ts';
import { addRun, type Items, type Runs } from '../otlp/decode-items.ts';

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

/** Sorts a request's items into the first `kept`, which are accepted, and the others, which are only seen. */
export function splitRuns(items: Items, kept: number, into: { accepted: Runs; seen: Runs }): void {
  const { accepted, seen } = into;
  accepted.length = 0;
  seen.length = 0;
  const { runs } = items;
  let left = kept;
  for (let i = 0; i < runs.length; i++) {
    const stream = runs.stream[i] as number;
    const from = runs.from[i] as number;
    const count = runs.count[i] as number;
    const first = Math.min(left, count);
    if (first > 0) addRun(accepted, stream, from, first);
    if (first < count) addRun(seen, stream, from + first, count - first);
    left -= first;
  }
}
