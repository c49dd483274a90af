/**
 * An OTLP message as data: each field with its number (protobuf) and its name (JSON), so that one description gives
 * both encodings (encode-protobuf.ts, encode-json.ts). A slot stands for a value that changes from request to request.
 */
export interface Field {
  number: number;
  /** lowerCamelCase, as OTLP/JSON has it. */
  name: string;
  value: Value;
  /** A repeated field: consecutive ones of a name make one array in JSON. */
  repeated?: true;
}

export type Value =
  | { kind: 'message'; fields: Field[] }
  | { kind: 'string'; text: string }
  | { kind: 'bool'; value: boolean }
  /** int32, uint32 and enums: a varint; a number in JSON. */
  | { kind: 'uint32'; value: number }
  | { kind: 'sint32'; value: number }
  /** int64 and uint64 that fit 2^53: a varint; a decimal string in JSON. */
  | { kind: 'uint64'; value: number }
  | { kind: 'fixed64'; value: bigint }
  | { kind: 'fixed32'; value: number }
  | { kind: 'double'; value: number }
  /** Bytes of an id, hex in JSON. */
  | { kind: 'id'; hex: string }
  /** The same, 16 or 8 bytes. */
  | { kind: 'id-slot'; slot: Slot; sizeBytes: 8 | 16 }
  | { kind: 'fixed64-slot'; slot: Slot }
  | { kind: 'double-slot'; slot: Slot }
  | { kind: 'packed'; type: 'uint64' | 'fixed64' | 'double'; values: (number | Slot)[] };

/** What a slot holds, and of which item of the request (index in sequence order). */
export interface Slot {
  role: 'trace-id' | 'span-id' | 'parent-id' | 'start-time' | 'time' | 'count' | 'amount';
  item: number;
  /** start-time: ns before the item's time. count, amount: the value in round r is first + step * (r mod modulus). */
  first?: number;
  step?: number;
  modulus?: number;
}

/** A slot and where its bytes begin in the encoded message. */
export interface PlacedSlot {
  slot: Slot;
  at: number;
}

export interface Encoded {
  bytes: Uint8Array;
  slots: PlacedSlot[];
}

export function message(number: number, name: string, fields: Field[]): Field {
  return { number, name, value: { kind: 'message', fields } };
}

export function repeated(number: number, name: string, fields: Field[]): Field {
  return { number, name, value: { kind: 'message', fields }, repeated: true };
}

export function string(number: number, name: string, text: string): Field {
  return { number, name, value: { kind: 'string', text } };
}

export function uint32(number: number, name: string, value: number): Field {
  return { number, name, value: { kind: 'uint32', value } };
}

export function id(number: number, name: string, hex: string): Field {
  return { number, name, value: { kind: 'id', hex } };
}

export function fixed64(number: number, name: string, value: bigint): Field {
  return { number, name, value: { kind: 'fixed64', value } };
}

export function double(number: number, name: string, value: number): Field {
  return { number, name, value: { kind: 'double', value } };
}

export function idSlot(number: number, name: string, slot: Slot): Field {
  return { number, name, value: { kind: 'id-slot', slot, sizeBytes: slot.role === 'trace-id' ? 16 : 8 } };
}

export function fixed64Slot(number: number, name: string, slot: Slot): Field {
  return { number, name, value: { kind: 'fixed64-slot', slot } };
}

export function doubleSlot(number: number, name: string, slot: Slot): Field {
  return { number, name, value: { kind: 'double-slot', slot } };
}

/** A KeyValue, as field `number` of its parent. */
export function attribute(number: number, key: string, value: string | number | boolean): Field {
  return repeated(number, 'attributes', [string(1, 'key', key), message(2, 'value', [anyValue(value)])]);
}

function anyValue(value: string | number | boolean): Field {
  if (typeof value === 'string') return string(1, 'stringValue', value);
  if (typeof value === 'boolean') return { number: 2, name: 'boolValue', value: { kind: 'bool', value } };
  if (Number.isInteger(value)) return { number: 3, name: 'intValue', value: { kind: 'uint64', value } };
  return { number: 4, name: 'doubleValue', value: { kind: 'double', value } };
}
