import type { Signal } from '../base/signal.ts';
import { decodeLogRecord, decodeSpan } from './decode-ids.ts';
import { clearItems, createItems, type Items, joinScattered } from './decode-items.ts';
import { decodeJson } from './decode-json.ts';
import { createPointGrid, decodeMetric } from './decode-point.ts';
import { createTraceMemory, type DecodeState, type StreamShape, viewOf } from './decode-state.ts';
import { type Cursor, createCursor, isKey, nextField, wireBytes } from './decode-wire.ts';
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
    view: viewOf(new Uint8Array(0)),
    pair: { stream: 0, number: 0 },
    memory: createTraceMemory(),
    items: createItems(),
  };
  return {
    decode(signal, encoding, body) {
      clearItems(state.items);
      if (encoding === 'json') decodeJson(state, signal, body);
      else decodeProtobuf(state, signal, body);
      joinScattered(state.items);
      return state.items;
    },
  };
}

function decodeProtobuf(state: DecodeState, signal: Signal, body: Uint8Array): void {
  const { cursor } = state;
  cursor.bytes = body;
  cursor.at = 0;
  state.view = viewOf(body);
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

/** What stands in field 2 of a scope: spans, metrics, log records. A new signal is a line here and its own file. */
const itemDecoders: Record<Signal, (state: DecodeState, from: number, to: number) => void> = {
  traces: decodeSpan,
  metrics: decodeMetric,
  logs: decodeLogRecord,
};

/** ScopeSpans, ScopeMetrics, ScopeLogs: 2 the items (for metrics: the metrics). A canary's are only walked. */
function decodeScope(
  state: DecodeState,
  signal: Signal,
  scope: { from: number; to: number; canary: boolean },
): void {
  const { cursor } = state;
  const { to, canary } = scope;
  const decodeItem = itemDecoders[signal];
  cursor.at = scope.from;
  while (nextField(cursor, to)) {
    if (cursor.field !== 2 || cursor.wire !== wireBytes || canary) continue;
    const next = cursor.to;
    decodeItem(state, cursor.from, next);
    cursor.at = next;
  }
  cursor.at = to;
}
