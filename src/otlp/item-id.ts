import { hash128 } from '../base/random.ts';

/**
 * Identity of items. An item is (stream, sequence): a stream is one load entry (1..65534; 65535 is the
 * canaries'), its sequence counts items from 0 to below 2^48. The pair goes through a keyed permutation of 64 bits, so
 * ids look random to samplers and balancers, and the sink gets the pair back from the 8 bytes alone.
 *
 * spans, logs:  span_id  = P(span key, stream, sequence)
 *               trace_id = P(trace key 1, stream, trace) ++ P(trace key 2, stream, trace)
 * points:       attribute `series.id` = hex of P(series key, stream, series); time = epoch + round * roundNs;
 *               sequence = round * seriesCount + series
 */
export interface RunKeys {
  span: Uint32Array;
  traceHigh: Uint32Array;
  traceLow: Uint32Array;
  series: Uint32Array;
}

export const canaryStream = 65535;
export const seriesAttribute = 'series.id';

export function runKeys(runId: string): RunKeys {
  const key = (use: string) => Uint32Array.from(hash128(`${runId}/${use}`), (word) => word >>> 0);
  return {
    span: key('span'),
    traceHigh: key('trace-high'),
    traceLow: key('trace-low'),
    series: key('series'),
  };
}

function mix(value: number, key: number): number {
  let x = Math.imul(value ^ key, 0x9e3779b1);
  x ^= x >>> 15;
  x = Math.imul(x, 0x85ebca6b);
  return x ^ (x >>> 13);
}

/**
 * Writes P(key, stream, number) as 8 big-endian bytes. A Feistel network of four rounds: invertible whatever `mix` is.
 * An id of all zeros means "absent" in OTLP; as stream 0 is never used, the pair that would map to zero takes the image
 * of zero instead (cycle walking), so P stays one to one on the non-zero ids.
 */
export function writeId(
  key: Uint32Array,
  stream: number,
  number: number,
  bytes: Uint8Array,
  at: number,
): void {
  let high = (stream << 16) | Math.floor(number / 4294967296) | 0;
  let low = number | 0; // ToInt32 is exact modulo 2^32 below 2^53
  for (let walk = 0; walk < 2; walk++) {
    high ^= mix(low, key[0] as number);
    low ^= mix(high, key[1] as number);
    high ^= mix(low, key[2] as number);
    low ^= mix(high, key[3] as number);
    if ((high | low) !== 0) break;
  }
  bytes[at] = high >>> 24;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = low >>> 24;
  bytes[at + 5] = low >>> 16;
  bytes[at + 6] = low >>> 8;
  bytes[at + 7] = low;
}

/** What `readId` found; one object is reused by the hot path. */
export interface IdPair {
  stream: number;
  number: number;
}

/**
 * The inverse of writeId, of an id's two big-endian words. Every pair of words gives some pair: whether it is ours is for
 * the caller to check by trace id.
 */
export function readIdWords(key: Uint32Array, highWord: number, lowWord: number, out: IdPair): void {
  let high = highWord;
  let low = lowWord;
  for (let walk = 0; walk < 2; walk++) {
    low ^= mix(high, key[3] as number);
    high ^= mix(low, key[2] as number);
    low ^= mix(high, key[1] as number);
    high ^= mix(low, key[0] as number);
    if ((high | low) !== 0) break;
  }
  out.stream = high >>> 16;
  out.number = (high & 0xffff) * 4294967296 + (low >>> 0);
}

/** The same of 8 bytes. */
export function readId(key: Uint32Array, bytes: Uint8Array, at: number, out: IdPair): void {
  readIdWords(key, readWord(bytes, at), readWord(bytes, at + 4), out);
}

const idBytes = new Uint8Array(16);

/** The four big-endian words of a trace id, at `at` of `words`. */
export function traceWords(
  keys: RunKeys,
  stream: number,
  trace: number,
  words: Int32Array,
  at: number,
): void {
  writeTraceId(keys, stream, trace, idBytes, 0);
  for (let i = 0; i < 4; i++) words[at + i] = readWord(idBytes, 4 * i);
}

/** Writes the 16 bytes of a trace id. */
export function writeTraceId(
  keys: RunKeys,
  stream: number,
  trace: number,
  bytes: Uint8Array,
  at: number,
): void {
  writeId(keys.traceHigh, stream, trace, bytes, at);
  writeId(keys.traceLow, stream, trace, bytes, at + 8);
}

const expected = new Uint8Array(16);

/** Whether the 16 bytes at `at` are this run's trace id of (stream, trace). */
export function isTraceId(
  keys: RunKeys,
  stream: number,
  trace: number,
  bytes: Uint8Array,
  at: number,
): boolean {
  writeTraceId(keys, stream, trace, expected, 0);
  for (let i = 0; i < 16; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** The value of the series attribute: 16 hex digits. */
export function seriesId(keys: RunKeys, stream: number, series: number): string {
  writeId(keys.series, stream, series, expected, 0);
  return Buffer.from(expected.subarray(0, 8)).toString('hex');
}

/**
 * Traces within a request: the spans of a batch of B lie in the order root spans, their children, and so on, so that
 * sequences stay consecutive on the wire. A batch holds ceil(B/4) traces of up to four spans.
 */
export const spansPerTrace = 4;

export function tracesPerBatch(batch: number): number {
  return Math.ceil(batch / spansPerTrace);
}

/** The trace of a span (or log record) within its stream. */
export function traceOf(sequence: number, batch: number): number {
  const traces = tracesPerBatch(batch);
  const block = Math.floor(sequence / batch);
  return block * traces + ((sequence - block * batch) % traces);
}

/** The sequence of a span's parent, or -1 for a root span. */
export function parentOf(sequence: number, batch: number): number {
  const traces = tracesPerBatch(batch);
  return sequence % batch < traces ? -1 : sequence - traces;
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
