import { staticTable } from './hpack-static.ts';
import { decodeHuffman } from './huffman.ts';

/** The block breaks RFC 7541: the connection cannot go on, for its table is unknown from here on. */
export class HpackError extends Error {}

/** Names and values in turn, lower case and in the order of the block. Shared between calls: not to be changed. */
export type HeaderList = readonly string[];

/** SETTINGS_HEADER_TABLE_SIZE where none is sent: neither side here ever allows more. */
export const tableBytesMax = 4096;
/** What an entry counts beyond its name and value. */
export const entryOverheadBytes = 32;
const keptBlocksMax = 64;
/** Of all names and values of one block. */
const listBytesMax = 65536;

interface DecodeState {
  /** Newest first. */
  entries: [string, string][];
  sizeBytes: number;
  limitBytes: number;
  /** Counts changes of the table. */
  version: number;
}

/**
 * Decodes the header blocks of one direction of one connection, in their order. A block that changes nothing in the
 * table means the same as long as nothing else changes it: clients that repeat their headers cost one lookup. For the
 * same block it gives the same list again.
 */
export function createHeaderDecoder(): (block: Buffer) => HeaderList {
  const state: DecodeState = { entries: [], sizeBytes: 0, limitBytes: tableBytesMax, version: 0 };
  const kept = new Map<string, HeaderList>();
  return (block) => {
    const key = block.toString('latin1');
    const found = kept.get(key);
    if (found !== undefined) return found;
    const before = state.version;
    const list = decodeBlock(state, block);
    if (state.version !== before || kept.size >= keptBlocksMax) kept.clear();
    if (state.version === before) kept.set(key, list);
    return list;
  };
}

interface Place {
  bytes: Buffer;
  at: number;
}

function decodeBlock(state: DecodeState, block: Buffer): string[] {
  const place: Place = { bytes: block, at: 0 };
  const list: string[] = [];
  let listBytes = 0;
  const add = (name: string, value: string) => {
    listBytes += name.length + value.length + entryOverheadBytes;
    if (listBytes > listBytesMax) throw new HpackError('the headers are longer than 64 KiB');
    list.push(name, value);
  };
  while (place.at < block.length) {
    const first = block[place.at] as number;
    if (first >= 0x80) {
      const [name, value] = entryAt(state, readInteger(place, 7));
      add(name, value);
    } else if (first >= 0x40) {
      const [name, value] = readLiteral(state, place, 6);
      insert(state, name, value);
      add(name, value);
    } else if (first >= 0x20) {
      if (list.length > 0) throw new HpackError('the size of the table changes within a block');
      resize(state, readInteger(place, 5));
    } else {
      const [name, value] = readLiteral(state, place, 4);
      add(name, value);
    }
  }
  return list;
}

function entryAt(state: DecodeState, index: number): readonly [string, string] {
  const entry = index < staticTable.length ? staticTable[index] : state.entries[index - staticTable.length];
  if (entry === undefined || index === 0) throw new HpackError(`the table has no entry ${index}`);
  return entry;
}

function readLiteral(state: DecodeState, place: Place, prefixBits: number): [string, string] {
  const index = readInteger(place, prefixBits);
  const name = index === 0 ? readString(place) : entryAt(state, index)[0];
  return [name, readString(place)];
}

function insert(state: DecodeState, name: string, value: string): void {
  state.version++;
  state.entries.unshift([name, value]);
  state.sizeBytes += name.length + value.length + entryOverheadBytes;
  evict(state);
}

function resize(state: DecodeState, limitBytes: number): void {
  if (limitBytes > tableBytesMax) throw new HpackError('a table larger than was allowed');
  state.version++;
  state.limitBytes = limitBytes;
  evict(state);
}

function evict(state: DecodeState): void {
  while (state.sizeBytes > state.limitBytes) {
    const [name, value] = state.entries.pop() ?? ['', ''];
    state.sizeBytes -= name.length + value.length + entryOverheadBytes;
  }
}

/** RFC 7541 section 5.1; below 2^28, which is more than any index or length here can be. */
function readInteger(place: Place, prefixBits: number): number {
  const mask = (1 << prefixBits) - 1;
  let value = (place.bytes[place.at++] as number) & mask;
  if (value < mask) return value;
  for (let shift = 0; shift <= 21; shift += 7) {
    const byte = place.bytes[place.at++];
    if (byte === undefined) break;
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw new HpackError('a number that does not end');
}

function readString(place: Place): string {
  const first = place.bytes[place.at];
  if (first === undefined) throw new HpackError('the block ends within a header');
  const length = readInteger(place, 7);
  const from = place.at;
  place.at += length;
  if (place.at > place.bytes.length) throw new HpackError('the block ends within a text');
  if (first < 0x80) return place.bytes.toString('latin1', from, place.at);
  const text = decodeHuffman(place.bytes, from, place.at);
  if (text === undefined) throw new HpackError('a text is not in the code of HPACK');
  return text;
}
