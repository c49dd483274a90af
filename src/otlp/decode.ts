import type { Signal } from '../base/signal.ts';
import { clearItems, createItems, type Items } from './decode-items.ts';
import { decodeJson } from './decode-json.ts';
import { createPointGrid, takePoint } from './decode-point.ts';
import { type DecodeState, type StreamShape, takeIds } from './decode-state.ts';
import { type Cursor, createCursor, nextField, wireBytes } from './decode-wire.ts';
import { runKeys } from './item-id.ts';

/** Reads the items of export requests. Not reentrant: `decode` gives the same object each time, filled anew. */
export interface Decoder {
  /** Throws MalformedRequest; then nothing of the request counts. */
  decode(signal: Signal, encoding: 'protobuf' | 'json', body: Uint8Array): Items;
}

/** Resource attribute that sets canaries apart from the ledger's items. */
const canaryAttribute = new TextEncoder().encode('squall.canary');

export function createDecoder(options: {
  runId: string;
  /** ns since the Unix epoch, decimal. */
  epochNs: string;
  streams: readonly StreamShape[];
}): Decoder {
  const length = 1 + Math.max(0, ...options.streams.map(({ stream }) => stream));
  const table = () => new Uint32Array(length);
  const batches = { traces: table(), metrics: table(), logs: table() };
  for (const { signal, stream, batch } of options.streams) batches[signal][stream] = batch;
  const state: DecodeState = {
    keys: runKeys(options.runId),
    batches,
    grid: createPointGrid(options.epochNs, options.streams),
    cursor: createCursor(),
    pair: { stream: 0, number: 0 },
    items: createItems(),
  };
  return {
    decode(signal, encoding, body) {
      clearItems(state.items);
      if (encoding === 'json') decodeJson(state, signal, body);
      else decodeProtobuf(state, signal, body);
      return state.items;
    },
  };
}

function decodeProtobuf(state: DecodeState, signal: Signal, body: Uint8Array): void {
  const { cursor } = state;
  cursor.bytes = body;
  cursor.at = 0;
  while (nextField(cursor, body.length)) {
    if (cursor.field === 1 && cursor.wire === wireBytes)
      decodeResource(state, signal, cursor.from, cursor.to);
  }
}

/** ResourceSpans, ResourceMetrics, ResourceLogs: 1 resource, 2 scopes. */
function decodeResource(state: DecodeState, signal: Signal, from: number, to: number): void {
  const { cursor } = state;
  // Its own pass first: the resource may stand behind the items that it marks.
  let canary = false;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 1 && cursor.wire === wireBytes && !canary) {
      const next = cursor.at;
      canary = isCanaryResource(cursor, cursor.from, cursor.to);
      cursor.at = next;
    }
  }
  if (canary) state.items.canary = true;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 2 && cursor.wire === wireBytes) {
      decodeScope(state, signal, { from: cursor.from, to: cursor.to, canary });
    }
  }
  cursor.at = to;
}

/** Resource: 1 attributes, each KeyValue: 1 key. The attribute's presence decides. */
function isCanaryResource(cursor: Cursor, from: number, to: number): boolean {
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field !== 1 || cursor.wire !== wireBytes) continue;
    const end = cursor.to;
    cursor.at = cursor.from;
    while (nextField(cursor, end)) if (cursor.field === 1 && isKey(cursor, canaryAttribute)) return true;
  }
  return false;
}

function isKey(cursor: Cursor, key: Uint8Array): boolean {
  if (cursor.to - cursor.from !== key.length || cursor.wire !== wireBytes) return false;
  for (let i = 0; i < key.length; i++) if (cursor.bytes[cursor.from + i] !== key[i]) return false;
  return true;
}

/** ScopeSpans, ScopeMetrics, ScopeLogs: 2 the items (for metrics: the metrics). A canary's are only walked. */
function decodeScope(
  state: DecodeState,
  signal: Signal,
  scope: { from: number; to: number; canary: boolean },
): void {
  const { cursor } = state;
  const { to, canary } = scope;
  cursor.at = scope.from;
  while (nextField(cursor, to)) {
    if (cursor.field !== 2 || cursor.wire !== wireBytes || canary) continue;
    const next = cursor.to;
    if (signal === 'metrics') decodeMetric(state, cursor.from, next);
    else takeById(state, signal, cursor.from, next);
    cursor.at = next;
  }
  cursor.at = to;
}

/** A span (1 trace_id, 2 span_id) or a log record (9 trace_id, 10 span_id). */
function takeById(state: DecodeState, signal: 'traces' | 'logs', from: number, to: number): void {
  const { cursor } = state;
  const traceField = signal === 'traces' ? 1 : 9;
  let traceAt = -1;
  let spanAt = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.wire !== wireBytes) continue;
    if (cursor.field === traceField) traceAt = cursor.to - cursor.from === 16 ? cursor.from : -1;
    else if (cursor.field === traceField + 1) spanAt = cursor.to - cursor.from === 8 ? cursor.from : -1;
  }
  if (traceAt < 0 || spanAt < 0) state.items.foreign++;
  else takeIds(state, signal, { bytes: cursor.bytes, traceAt, spanAt });
}

/** Metric: 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary; in each: 1 data points. */
function decodeMetric(state: DecodeState, from: number, to: number): void {
  const { cursor } = state;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.wire !== wireBytes) continue;
    const kind = cursor.field;
    if (kind !== 5 && kind !== 7 && kind !== 9 && kind !== 10 && kind !== 11) continue;
    const end = cursor.to;
    cursor.at = cursor.from;
    while (nextField(cursor, end)) {
      if (cursor.field !== 1 || cursor.wire !== wireBytes) continue;
      const next = cursor.to;
      decodePoint(state, kind, cursor.from, next);
      cursor.at = next;
    }
  }
}

/** 3 time_unix_nano; attributes are 7, except 9 in histograms and 1 in exponential ones. */
function decodePoint(state: DecodeState, kind: number, from: number, to: number): void {
  const { cursor } = state;
  const attributes = kind === 9 ? 9 : kind === 10 ? 1 : 7;
  let timeAt = -1;
  let seriesAt = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 3 && cursor.wire === 1) timeAt = cursor.from;
    else if (cursor.field === attributes && cursor.wire === wireBytes) {
      const next = cursor.to;
      const found = findSeries(cursor, cursor.from, next);
      if (found >= 0) seriesAt = found;
      cursor.at = next;
    }
  }
  takePoint(state, { bytes: cursor.bytes, timeAt, seriesAt });
}

const seriesKey = new TextEncoder().encode('series.id');
const seriesDigits = 16;

/** Where the value of this KeyValue begins, if it is the series attribute with 16 bytes of text; otherwise -1. */
function findSeries(cursor: Cursor, from: number, to: number): number {
  let named = false;
  let valueAt = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 1) named = isKey(cursor, seriesKey);
    else if (cursor.field === 2 && cursor.wire === wireBytes) {
      const next = cursor.to;
      valueAt = findText(cursor, cursor.from, next);
      cursor.at = next;
    }
  }
  return named ? valueAt : -1;
}

/** AnyValue: 1 string_value; where it begins if it has the length of a series id, otherwise -1. */
function findText(cursor: Cursor, from: number, to: number): number {
  let at = -1;
  cursor.at = from;
  while (nextField(cursor, to)) {
    if (cursor.field === 1 && cursor.wire === wireBytes) {
      at = cursor.to - cursor.from === seriesDigits ? cursor.from : -1;
    }
  }
  return at;
}
