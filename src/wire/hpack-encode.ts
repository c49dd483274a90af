import { entryOverheadBytes, tableBytesMax } from './hpack.ts';
import { staticTable } from './hpack-static.ts';

type Field = readonly [name: string, value: string];

export interface RequestField {
  name: string;
  value: string;
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

/** First byte and bits of the index of the name (RFC 7541, 6.2). */
interface Form {
  byte: number;
  bits: number;
}
const indexed: Form = { byte: 0x40, bits: 6 };
const unindexed: Form = { byte: 0x00, bits: 4 };
const never: Form = { byte: 0x10, bits: 4 };
const emptyTable = 0x20;

/**
 * A block that any decoder understands whatever its table holds: nothing is put into the table. Fixed headers are
 * therefore encoded once and sent as bytes ever after.
 */
export function encodeHeaders(headers: readonly Field[]): Buffer {
  return Buffer.concat(headers.map((field) => knownField(field) ?? literalField(unindexed, field)));
}

export function encodeBlocks(fields: readonly RequestField[]): HeaderBlocks {
  const pairs = fields.map(({ name, value }): Field => [name, value]);
  const isSecret = (i: number) => fields[i]?.secret === true;
  const added = pairs.filter((field, i) => !isSecret(i) && knownField(field) === undefined);
  const sizeBytes = added.reduce(
    (sum, [name, value]) => sum + name.length + value.length + entryOverheadBytes,
    0,
  );
  const newest = staticTable.length - 1 + added.length;
  const write = (literal: (field: Field) => Buffer) =>
    Buffer.concat(
      pairs.map(
        (field, i) => knownField(field) ?? (isSecret(i) ? literalField(never, field) : literal(field)),
      ),
    );
  const bare = write((field) => literalField(unindexed, field));
  // Emptying it once would do; a byte more in each block spares the state.
  const plain = Buffer.concat([Buffer.of(emptyTable), bare]);
  if (sizeBytes > tableBytesMax) return { first: bare, again: bare, plain };
  return {
    first: write((field) => literalField(indexed, field)),
    again: write((field) => writeInteger(0x80, 7, newest - added.indexOf(field))),
    plain,
  };
}

/** A byte or two, where the static table holds name and value. */
function knownField([name, value]: Field): Buffer | undefined {
  const index = staticTable.findIndex((entry, i) => i > 0 && entry[0] === name && entry[1] === value);
  return index > 0 && value !== '' ? writeInteger(0x80, 7, index) : undefined;
}

function literalField({ byte, bits }: Form, [name, value]: Field): Buffer {
  const named = Math.max(
    0,
    staticTable.findIndex((entry, i) => i > 0 && entry[0] === name),
  );
  const head = writeInteger(byte, bits, named);
  return Buffer.concat(
    named > 0 ? [head, writeString(value)] : [head, writeString(name), writeString(value)],
  );
}

/** Not Huffman-coded: it is sent once, or encoded once. */
function writeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([writeInteger(0, 7, bytes.length), bytes]);
}

function writeInteger(first: number, prefixBits: number, value: number): Buffer {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return Buffer.of(first | value);
  const bytes = [first | mask];
  let rest = value - mask;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}
