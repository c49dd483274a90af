import { entryBytes, tableBytesMax } from './hpack-decode.ts';
import { createStaticTable, type HeaderField } from './hpack-table.ts';

export interface RequestField extends HeaderField {
  /** Kept out of the table, here and in every hop: a secret, or something that differs from request to request. */
  secret?: boolean;
}

/** One list of fields, sent again and again on a connection. */
export interface HeaderBlocks {
  /** Puts the fields into the peer's table. */
  first: Buffer;
  /** The same fields as long as no other block has been sent since `first`: a byte each. */
  again: Buffer;
  /** Leaves the table alone; for a peer that wants none. */
  plain: Buffer;
}

const statics = createStaticTable();
const emptyTable = 0x20;

export function encodeBlocks(fields: readonly RequestField[]): HeaderBlocks {
  const known = (field: RequestField) =>
    statics.findIndex(({ name, value }) => value !== '' && name === field.name && value === field.value) + 1;
  const added = fields.filter((field) => field.secret !== true && known(field) === 0);
  const size = added.reduce((sum, field) => sum + byteLength(field) + entryBytes, 0);
  const fits = size <= tableBytesMax;
  const newest = statics.length + added.length;
  const write = (literal: (field: RequestField) => Buffer) =>
    Buffer.concat(
      fields.map((field) => (known(field) > 0 ? integer(0x80, 7, known(field)) : literal(field))),
    );
  const plain = write((field) => literalField(field.secret === true ? never : unindexed, field));
  if (!fits) return { first: plain, again: plain, plain: Buffer.concat([Buffer.from([emptyTable]), plain]) };
  return {
    first: write((field) => literalField(field.secret === true ? never : indexed, field)),
    again: write((field) =>
      field.secret === true ? literalField(never, field) : integer(0x80, 7, newest - added.indexOf(field)),
    ),
    // Once would do; a byte more in each block spares the state.
    plain: Buffer.concat([Buffer.from([emptyTable]), plain]),
  };
}

/** First byte and bits of the index of the name (RFC 7541, 6.2). */
interface Form {
  byte: number;
  bits: number;
}
const indexed: Form = { byte: 0x40, bits: 6 };
const unindexed: Form = { byte: 0x00, bits: 4 };
const never: Form = { byte: 0x10, bits: 4 };

function literalField({ byte, bits }: Form, { name, value }: RequestField): Buffer {
  const named = statics.findIndex((field) => field.name === name) + 1;
  const head = integer(byte, bits, named);
  return Buffer.concat(named > 0 ? [head, text(value)] : [head, text(name), text(value)]);
}

/** Not Huffman-coded: after the first request it is a byte per field anyway. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(0, 7, bytes.length), bytes]);
}

function integer(form: number, bits: number, value: number): Buffer {
  const mask = (1 << bits) - 1;
  if (value < mask) return Buffer.from([form | value]);
  const bytes = [form | mask];
  let left = value - mask;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return Buffer.from([...bytes, left]);
}

function byteLength({ name, value }: HeaderField): number {
  return name.length + value.length;
}
