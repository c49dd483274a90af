import { addItem } from './decode-items.ts';
import type { DecodeState, TraceMemory } from './decode-state.ts';
import { MalformedRequest, nextField, wireBytes, wireFixed64, wireVarint } from './decode-wire.ts';
import { canaryStream, isTraceId, readIdWords, tracesPerBatch, traceWords } from './item-id.ts';

/** A span (1 trace_id, 2 span_id) at [from, to) of the cursor's bytes. */
export function decodeSpan(state: DecodeState, from: number, to: number): void {
  takeById(state, 'traces', { from, to, traceField: 1 });
}

/** A log record (9 trace_id, 10 span_id). */
export function decodeLogRecord(state: DecodeState, from: number, to: number): void {
  takeById(state, 'logs', { from, to, traceField: 9 });
}

/**
 * Steps over every field of an item, as the last of a kind counts and the end must be sound. Nearly all fields have tags
 * and lengths of one byte: those are read here, the others by nextField. A span of 13 fields takes 77 ns of 138 on a busy
 * machine, reading its id 25, comparing its trace id 36.
 */
function takeById(
  state: DecodeState,
  signal: 'traces' | 'logs',
  item: { from: number; to: number; traceField: number },
): void {
  const { cursor } = state;
  const { bytes } = cursor;
  const { to, traceField } = item;
  const traceTag = (traceField << 3) | wireBytes;
  let traceAt = -1;
  let spanAt = -1;
  let at = item.from;
  while (at < to) {
    const tag = bytes[at] as number;
    const second = bytes[at + 1] as number;
    const wire = tag & 7;
    if (tag > 7 && tag < 0x80 && second < 0x80 && wire === wireBytes) {
      at += 2;
      if (tag === traceTag) traceAt = second === 16 ? at : -1;
      else if (tag === traceTag + 8) spanAt = second === 8 ? at : -1;
      at += second;
    } else if (tag > 7 && tag < 0x80 && wire === wireFixed64) at += 9;
    else if (tag > 7 && tag < 0x80 && second < 0x80 && wire === wireVarint) at += 2;
    else {
      cursor.at = at;
      nextField(cursor, to);
      at = cursor.at;
      if (cursor.wire !== wireBytes) continue;
      if (cursor.field === traceField) traceAt = at - cursor.from === 16 ? cursor.from : -1;
      else if (cursor.field === traceField + 1) spanAt = at - cursor.from === 8 ? cursor.from : -1;
    }
  }
  if (at > to) throw new MalformedRequest('a field reaches beyond its message');
  if (traceAt < 0 || spanAt < 0) state.items.foreign++;
  else takeIds(state, signal, traceAt, spanAt);
}

/**
 * An item is ours if its span id names a stream of its signal and its trace id is the one of that pair. `traceAt` and
 * `spanAt` are places in the state's view.
 */
export function takeIds(
  state: DecodeState,
  signal: 'traces' | 'logs',
  traceAt: number,
  spanAt: number,
): void {
  const { pair, items, view, keys } = state;
  readIdWords(keys.span, view.getInt32(spanAt), view.getInt32(spanAt + 4), pair);
  const { stream, number } = pair;
  const batch = state.batches[signal][stream] ?? 0;
  if (batch > 0) {
    if (isTraceOf(state, number, batch, traceAt)) addItem(items, stream, number);
    else items.foreign++;
  } else if (stream === canaryStream && isTraceId(keys, canaryStream, number, bytesAt(view, traceAt), 0)) {
    items.unmarkedCanaries.push(number);
  } else items.foreign++;
}

function bytesAt(view: DataView, at: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, 16);
}

/** Whether the trace id at `at` is that of the pair's item; of a batch's traces each is computed once. */
function isTraceOf(state: DecodeState, number: number, batch: number, at: number): boolean {
  const { memory, view, keys, pair } = state;
  if (pair.stream !== memory.stream || number !== memory.next || memory.position === batch) {
    lookUpBatch(memory, pair.stream, number, batch);
  }
  const { words, known, trace } = memory;
  memory.next = number + 1;
  memory.position++;
  memory.trace = trace + 1 === memory.traces ? 0 : trace + 1;
  const word = 4 * trace;
  if (known[trace] !== memory.stamp) {
    known[trace] = memory.stamp;
    traceWords(keys, pair.stream, memory.firstTrace + trace, words, word);
  }
  return (
    view.getInt32(at) === words[word] &&
    view.getInt32(at + 4) === words[word + 1] &&
    view.getInt32(at + 8) === words[word + 2] &&
    view.getInt32(at + 12) === words[word + 3]
  );
}

/** Another batch, or another place within it: item-id.ts has the law (traceOf). */
function lookUpBatch(memory: TraceMemory, stream: number, number: number, batch: number): void {
  const traces = tracesPerBatch(batch);
  const block = Math.floor(number / batch);
  const firstTrace = block * traces;
  if (stream !== memory.stream || firstTrace !== memory.firstTrace || traces !== memory.traces) {
    if (memory.known.length < traces) {
      memory.known = new Uint32Array(traces);
      memory.words = new Int32Array(4 * traces);
    }
    memory.stamp++;
    if (memory.stamp > 0xffffffff) {
      memory.stamp = 1;
      memory.known.fill(0);
    }
  }
  memory.stream = stream;
  memory.traces = traces;
  memory.firstTrace = firstTrace;
  memory.position = number - block * batch;
  memory.trace = memory.position % traces;
}
