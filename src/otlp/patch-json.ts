import { jsonWidths } from './encode-json.ts';
import { tracesPerBatch, writeId, writeTraceId } from './item-id.ts';
import type { IdSource, Offsets } from './patch.ts';

const idBytes = new Uint8Array(16);
const hexDigits = Uint8Array.from(Buffer.from('0123456789abcdef'));

/** As patchIds, with ids as hex text. */
export function patchJsonIds(body: Uint8Array, offsets: Offsets, source: IdSource, from: number): void {
  const { traceAt, spanAt, parentAt } = offsets;
  const { keys, stream, batch } = source;
  const traces = tracesPerBatch(batch);
  const firstTrace = Math.floor(from / batch) * traces;
  for (let item = 0; item < spanAt.length; item++) {
    writeTraceId(keys, stream, firstTrace + (item % traces), idBytes, 0);
    writeHex(body, traceAt[item] as number, 16);
    writeId(keys.span, stream, from + item, idBytes, 0);
    writeHex(body, spanAt[item] as number, 8);
    const parent = parentAt[item] as number;
    if (parent < 0) continue;
    writeId(keys.span, stream, from + item - traces, idBytes, 0);
    writeHex(body, parent, 8);
  }
}

function writeHex(body: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const byte = idBytes[i] as number;
    body[at + 2 * i] = hexDigits[byte >>> 4] as number;
    body[at + 2 * i + 1] = hexDigits[byte & 15] as number;
  }
}

/** As patchTimes, with times as 19 decimal digits. */
export function patchJsonTimes(body: Buffer, offsets: Offsets, timeNs: bigint): void {
  const { timeAt, startAt, startBeforeNs } = offsets;
  const time = timeNs.toString();
  for (let item = 0; item < timeAt.length; item++) {
    body.write(time, timeAt[item] as number, 'latin1');
    const start = startAt[item] as number;
    if (start < 0) continue;
    body.write((timeNs - BigInt(startBeforeNs[item] as number)).toString(), start, 'latin1');
  }
}

/** A 64-bit integer's slot: quoted decimal, padded. */
export function patchJsonCount(body: Buffer, at: number, value: number): void {
  body.write(`"${value}"`.padEnd(jsonWidths.count), at, 'latin1');
}

/** A double's slot: a JSON number, padded. */
export function patchJsonAmount(body: Buffer, at: number, value: number): void {
  body.write(String(value).padEnd(jsonWidths.amount), at, 'latin1');
}
