import type { Signal } from '../base/signal.ts';
import { addItem, type Items } from './decode-items.ts';
import type { Cursor } from './decode-wire.ts';
import { canaryStream, type IdPair, isTraceId, type RunKeys, readId, traceOf } from './item-id.ts';

/** What the decoder must know of one stream (one load entry) to tell its items from others'. */
export interface StreamShape {
  stream: number;
  signal: Signal;
  batch: number;
  /** Metrics: distinct series, start of the entry after the epoch, and the distance of two points of one series. */
  series: number;
  startNs: number;
  roundNs: number;
}

/**
 * Times of the points of each metrics stream. Round r of a stream has the time base + (r + 1) * roundNs, base being the
 * epoch plus the entry's start; it is kept as two 32-bit halves because it exceeds 2^53.
 */
export interface PointGrid {
  /** Series per stream; 0, or beyond the end: not a metrics stream. */
  series: Uint32Array;
  baseHigh: Float64Array;
  baseLow: Float64Array;
  roundNs: Float64Array;
}

/** Everything one decoder holds; handed down instead of closed over, so that the hot functions stay free. */
export interface DecodeState {
  keys: RunKeys;
  /** By signal, batch size of each stream; 0, or beyond the end: not a stream of that signal. */
  batches: Record<Signal, Uint32Array>;
  grid: PointGrid;
  cursor: Cursor;
  pair: IdPair;
  items: Items;
}

/** An item is ours if its span id names a stream of its signal and its trace id is the one of that pair. */
export function takeIds(
  state: DecodeState,
  signal: 'traces' | 'logs',
  ids: { bytes: Uint8Array; traceAt: number; spanAt: number },
): void {
  const { pair, items } = state;
  readId(state.keys.span, ids.bytes, ids.spanAt, pair);
  const batch = state.batches[signal][pair.stream] ?? 0;
  if (
    pair.stream === canaryStream &&
    isTraceId(state.keys, canaryStream, pair.number, ids.bytes, ids.traceAt)
  ) {
    items.unmarkedCanaries.push(pair.number);
  } else if (batch === 0) items.foreign++;
  else if (isTraceId(state.keys, pair.stream, traceOf(pair.number, batch), ids.bytes, ids.traceAt)) {
    addItem(items, pair.stream, pair.number);
  } else items.foreign++;
}
