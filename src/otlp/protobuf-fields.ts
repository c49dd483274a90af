/** One field of a protobuf message: varints as numbers (inexact above 2^53), fixed64 as bigint, the rest as bytes. */
export interface WireField {
  number: number;
  value: number | bigint | Buffer;
}

/** Reads a small message field by field; ends at the first malformed byte. Not for the hot path (see decode.ts). */
export function* protobufFields(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    at = Number.POSITIVE_INFINITY;
    return 0;
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) {
      yield { number, value: varint() };
      continue;
    }
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? varint() : Number.NaN;
    if (!(at + length <= bytes.length)) return;
    const part = bytes.subarray(at, at + length);
    at += length;
    yield { number, value: wireType === 1 ? part.readBigUInt64LE() : part };
  }
}

/** The last bytes-valued field of a number; undefined when there is none. */
export function bytesField(message: Buffer | undefined, number: number): Buffer | undefined {
  let found: Buffer | undefined;
  if (message === undefined) return undefined;
  for (const field of protobufFields(message)) {
    if (field.number === number && field.value instanceof Buffer) found = field.value;
  }
  return found;
}

/** All bytes-valued fields of a number, in order. */
export function bytesFields(message: Buffer, number: number): Buffer[] {
  const found: Buffer[] = [];
  for (const field of protobufFields(message)) {
    if (field.number === number && field.value instanceof Buffer) found.push(field.value);
  }
  return found;
}
