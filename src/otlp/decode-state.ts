import type { Signal } from '../base/signal.ts';
import type { Items } from './decode-items.ts';
import type { Cursor } from './decode-wire.ts';
import type { IdPair, RunKeys } from './item-id.ts';

/** What the decoder must know of one stream (one load entry on one worker) to tell its items from others'. */
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

/**
 * Trace ids of the batch that was last looked at: its spans lie one after the other and share them, so that most are
 * known already, and so is the place within the batch of the span that follows the last one.
 */
export interface TraceMemory {
  stream: number;
  /** The sequence that continues the last one, its place in its batch, and its trace within the batch. */
  next: number;
  position: number;
  trace: number;
  traces: number;
  /** Number within the stream of the batch's first trace. */
  firstTrace: number;
  /** Trace t of the batch has its four words at 4 t, if known[t] is the present batch's stamp. */
  words: Int32Array;
  known: Uint32Array;
  stamp: number;
}

export function createTraceMemory(): TraceMemory {
  const words = new Int32Array(0);
  const known = new Uint32Array(0);
  return { stream: 0, next: -1, position: 0, trace: 0, traces: 0, firstTrace: -1, words, known, stamp: 0 };
}

/** Everything one decoder holds; handed down instead of closed over, so that the hot functions stay free. */
export interface DecodeState {
  keys: RunKeys;
  /** By signal, batch size of each stream; 0, or beyond the end: not a stream of that signal. */
  batches: Record<Signal, Uint32Array>;
  grid: PointGrid;
  cursor: Cursor;
  /** Of the bytes that ids and times are read from. */
  view: DataView;
  pair: IdPair;
  memory: TraceMemory;
  items: Items;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
