/** The bytes are not an export request of OTLP. */
export class MalformedRequest extends Error {}

/**
 * A place in protobuf bytes and the field last read there. One object is reused by the hot path: a caller that descends
 * into a field first copies `from` and `to`, because the descent overwrites them.
 */
export interface Cursor {
  bytes: Uint8Array;
  /** Where the next field begins. */
  at: number;
  field: number;
  wire: number;
  /** Bytes of the value of the field last read: [from, to). */
  from: number;
  to: number;
}

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
const wireFixed32 = 5;

export function createCursor(): Cursor {
  return { bytes: new Uint8Array(0), at: 0, field: 0, wire: 0, from: 0, to: 0 };
}

/** Reads the next field of a message that ends at `end`, and steps over it; false at the end. */
export function nextField(cursor: Cursor, end: number): boolean {
  const at = cursor.at;
  if (at >= end) return false;
  const bytes = cursor.bytes;
  let tag = bytes[at] as number;
  if (tag < 0x80) cursor.at = at + 1;
  else tag = readLength(cursor, end);
  cursor.field = tag >>> 3;
  const wire = tag & 7;
  cursor.wire = wire;
  if (cursor.field === 0) throw new MalformedRequest('a field has the number 0');
  let to: number;
  if (wire === wireBytes) {
    const length = readLength(cursor, end);
    cursor.from = cursor.at;
    to = cursor.at + length;
  } else {
    cursor.from = cursor.at;
    if (wire === wireFixed64) to = cursor.at + 8;
    else if (wire === wireVarint) to = endOfVarint(cursor, end);
    else if (wire === wireFixed32) to = cursor.at + 4;
    else throw new MalformedRequest(`wire type ${wire} is not used by OTLP`);
  }
  if (to > end) throw new MalformedRequest('a field reaches beyond its message');
  cursor.to = to;
  cursor.at = to;
  return true;
}

/** A varint below 2^31: a tag or a length. */
function readLength(cursor: Cursor, end: number): number {
  const bytes = cursor.bytes;
  let value = 0;
  let shift = 0;
  for (let at = cursor.at; at < end; at++) {
    const byte = bytes[at] as number;
    if (shift === 28 && byte > 7) throw new MalformedRequest('a length of 2 GiB or more');
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.at = at + 1;
      return value;
    }
    shift += 7;
  }
  throw new MalformedRequest('the bytes end within a number');
}

function endOfVarint(cursor: Cursor, end: number): number {
  const limit = Math.min(end, cursor.at + 10);
  for (let at = cursor.at; at < limit; at++) if ((cursor.bytes[at] as number) < 0x80) return at + 1;
  throw new MalformedRequest('the bytes end within a number, or it has more than 64 bits');
}

/** Whether the bytes last read are this key. */
export function isKey(cursor: Cursor, key: Uint8Array): boolean {
  if (cursor.to - cursor.from !== key.length || cursor.wire !== wireBytes) return false;
  for (let i = 0; i < key.length; i++) if (cursor.bytes[cursor.from + i] !== key[i]) return false;
  return true;
}
