import type { RunKeys } from './item-id.ts';
import { tracesPerBatch, writeId, writeTraceId } from './item-id.ts';
import type { PlacedSlot, Slot } from './message.ts';

/** Byte offsets, per item of a request, of what changes from request to request; -1 where an item has none. */
export interface Offsets {
  traceAt: Int32Array;
  spanAt: Int32Array;
  parentAt: Int32Array;
  startAt: Int32Array;
  timeAt: Int32Array;
  /** ns before the item's time. */
  startBeforeNs: Uint32Array;
}

export function collectOffsets(slots: readonly PlacedSlot[], count: number): Offsets {
  const column = (role: Slot['role']) => {
    const at = new Int32Array(count).fill(-1);
    for (const placed of slots) if (placed.slot.role === role) at[placed.slot.item] = placed.at;
    return at;
  };
  const startBeforeNs = new Uint32Array(count);
  for (const { slot } of slots) if (slot.role === 'start-time') startBeforeNs[slot.item] = slot.first ?? 0;
  return {
    traceAt: column('trace-id'),
    spanAt: column('span-id'),
    parentAt: column('parent-id'),
    startAt: column('start-time'),
    timeAt: column('time'),
    startBeforeNs,
  };
}

/** Whose ids: `from` is the first sequence of the request, a multiple of the batch. */
export interface IdSource {
  keys: RunKeys;
  stream: number;
  batch: number;
}

/**
 * Writes the ids of a protobuf request. About 60 ns per span: one permutation for the span id, two per trace; the
 * other ids of a trace are copied from the spans that lie before in the request.
 */
export function patchIds(body: Uint8Array, offsets: Offsets, source: IdSource, from: number): void {
  const { traceAt, spanAt, parentAt } = offsets;
  const { keys, stream, batch } = source;
  const traces = tracesPerBatch(batch);
  const firstTrace = Math.floor(from / batch) * traces;
  const count = spanAt.length;
  for (let item = 0; item < count; item++) {
    const trace = traceAt[item] as number;
    if (item < traces) writeTraceId(keys, stream, firstTrace + item, body, trace);
    else copy(body, traceAt[item - traces] as number, trace, 16);
    writeId(keys.span, stream, from + item, body, spanAt[item] as number);
    const parent = parentAt[item] as number;
    if (parent >= 0) copy(body, spanAt[item - traces] as number, parent, 8);
  }
}

function copy(body: Uint8Array, from: number, to: number, length: number): void {
  for (let i = 0; i < length; i++) body[to + i] = body[from + i] as number;
}

/** A 64-bit time in two halves, so that the hot path needs no BigInt. */
export interface Time64 {
  high: number;
  low: number;
}

export function splitTime(timeNs: bigint): Time64 {
  return { high: Number(timeNs >> 32n), low: Number(timeNs & 0xffffffffn) };
}

/** Writes the time of every item, and its start (below 2^32 ns before) where it has one, little-endian. */
export function patchTimes(view: DataView, offsets: Offsets, time: Time64): void {
  const { timeAt, startAt, startBeforeNs } = offsets;
  const count = timeAt.length;
  for (let item = 0; item < count; item++) {
    const at = timeAt[item] as number;
    view.setUint32(at, time.low, true);
    view.setUint32(at + 4, time.high, true);
    const start = startAt[item] as number;
    if (start < 0) continue;
    const low = time.low - (startBeforeNs[item] as number);
    view.setUint32(start, low, true); // modulo 2^32
    view.setUint32(start + 4, low < 0 ? time.high - 1 : time.high, true);
  }
}
