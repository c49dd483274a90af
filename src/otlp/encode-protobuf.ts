import type { Encoded, Field, PlacedSlot, Slot, Value } from './message.ts';

/** Protobuf wire format of a message described as fields. For templates: run once, not per request. */
export function encodeProtobuf(fields: Field[]): Encoded {
  const parts: Encoded[] = fields.map(encodeField);
  return join(parts);
}

function encodeField(field: Field): Encoded {
  const { wireType, body } = encodeValue(field.value);
  const tag = varint(field.number * 8 + wireType);
  const head = wireType === 2 ? concat(tag, varint(body.bytes.length)) : tag;
  return join([{ bytes: head, slots: [] }, body]);
}

function encodeValue(value: Value): { wireType: 0 | 1 | 2 | 5; body: Encoded } {
  switch (value.kind) {
    case 'message':
      return { wireType: 2, body: encodeProtobuf(value.fields) };
    case 'string':
      return { wireType: 2, body: plain(Buffer.from(value.text, 'utf8')) };
    case 'bool':
      return { wireType: 0, body: plain(varint(value.value ? 1 : 0)) };
    case 'uint32':
    case 'uint64':
      return { wireType: 0, body: plain(varint(value.value)) };
    case 'sint32':
      return { wireType: 0, body: plain(varint(value.value < 0 ? -2 * value.value - 1 : 2 * value.value)) };
    case 'fixed64':
      return { wireType: 1, body: plain(fixed64(value.value)) };
    case 'fixed32':
      return { wireType: 5, body: plain(fixed32(value.value)) };
    case 'double':
      return { wireType: 1, body: plain(double(value.value)) };
    case 'id':
      return { wireType: 2, body: plain(Buffer.from(value.hex, 'hex')) };
    case 'id-slot':
      return { wireType: 2, body: blank(value.slot, value.sizeBytes) };
    case 'fixed64-slot':
    case 'double-slot':
      return { wireType: 1, body: blank(value.slot, 8) };
    case 'packed':
      return { wireType: 2, body: join(value.values.map((item) => encodePacked(value.type, item))) };
  }
}

function encodePacked(type: 'uint64' | 'fixed64' | 'double', item: number | Slot): Encoded {
  if (typeof item !== 'number') return blank(item, 8);
  if (type === 'uint64') return plain(varint(item));
  return plain(type === 'fixed64' ? fixed64(BigInt(item)) : double(item));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function fixed64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function fixed32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function double(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function plain(bytes: Uint8Array): Encoded {
  return { bytes, slots: [] };
}

function blank(slot: Slot, sizeBytes: number): Encoded {
  return { bytes: new Uint8Array(sizeBytes), slots: [{ slot, at: 0 }] };
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function join(parts: Encoded[]): Encoded {
  const slots: PlacedSlot[] = [];
  let at = 0;
  for (const part of parts) {
    for (const placed of part.slots) slots.push({ slot: placed.slot, at: at + placed.at });
    at += part.bytes.length;
  }
  return { bytes: Buffer.concat(parts.map((part) => part.bytes)), slots };
}
