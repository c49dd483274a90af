import { countBits, eachRun, setBits } from './bit-words.ts';

/**
 * A set of sequences of one stream, made for runs of consecutive ones: chunks of 64 Ki sequences, each a bitmap of 8 KiB
 * only while it is neither nearly empty nor nearly full; otherwise it is a list of the exceptions. What arrived whole, or
 * with a hole here and there, costs next to nothing: 1e9 sequences with a hole in 10,000 take 4 MB.
 */
export interface SequenceSet {
  /** Adds [from, from + count); calls `onAgain` for each run of sequences that were in the set already. */
  add(from: number, count: number, onAgain?: (from: number, count: number) => void): void;
  /** Members of [from, from + count). */
  countIn(from: number, count: number): number;
  /** Calls `onGap` for each run of sequences of [from, from + count) that are not in the set, in order. */
  gaps(from: number, count: number, onGap: (from: number, count: number) => void): void;
  size(): number;
}

export const chunkItems = 65536;
const chunkWords = chunkItems / 32;
/** A chunk with fewer members, or fewer holes, is a list of them. */
const listMax = 128;

interface Bitmap {
  words: Uint32Array;
  size: number;
}

/** Every bit is `rest` but those at the places of `at`, which are sorted. */
interface Exceptions {
  rest: 0 | 1;
  at: Uint16Array;
}

type Chunks = Map<number, Bitmap | Exceptions>;

export function createSequenceSet(): SequenceSet {
  const chunks: Chunks = new Map();
  let size = 0;
  return {
    add(from, count, onAgain) {
      eachPiece(from, count, (piece) => {
        size += addPiece(chunks, piece, onAgain);
      });
    },
    countIn(from, count) {
      let total = 0;
      eachPiece(from, count, (piece) => {
        total += countPiece(chunks.get(piece.chunk), piece.from, piece.to);
      });
      return total;
    },
    gaps: (from, count, onGap) => findGaps(chunks, { from, count }, onGap),
    size: () => size,
  };
}

/** Bits [from, to) of one chunk, which begins at the sequence `start`. */
interface Piece {
  chunk: number;
  start: number;
  from: number;
  to: number;
}

/** Cuts [from, from + count) at chunk borders. */
function eachPiece(from: number, count: number, visit: (piece: Piece) => void): void {
  const end = from + count;
  for (let at = from; at < end; ) {
    const chunk = Math.floor(at / chunkItems);
    const start = chunk * chunkItems;
    const to = Math.min(end - start, chunkItems);
    visit({ chunk, start, from: at - start, to });
    at = start + to;
  }
}

function countPiece(chunk: Bitmap | Exceptions | undefined, from: number, to: number): number {
  if (chunk === undefined) return 0;
  if ('words' in chunk) return to - from === chunkItems ? chunk.size : countBits(chunk.words, from, to);
  const listed = placeOf(chunk.at, to) - placeOf(chunk.at, from);
  return chunk.rest === 0 ? listed : to - from - listed;
}

/** Gives how many were new. */
function addPiece(
  chunks: Chunks,
  piece: Piece,
  onAgain: ((from: number, count: number) => void) | undefined,
): number {
  const { start, from, to } = piece;
  const found = chunks.get(piece.chunk);
  const present = countPiece(found, from, to);
  if (present === to - from) {
    onAgain?.(start + from, present);
    return 0;
  }
  if (present > 0 && onAgain !== undefined && found !== undefined) {
    runsOf(found, 1, from, to, (a, b) => onAgain(start + a, b - a));
  }
  const added = to - from - present;
  const list: Bitmap | Exceptions = found ?? { rest: 0, at: new Uint16Array(0) };
  if (!('words' in list) && (list.rest === 1 || list.at.length + added <= listMax)) {
    list.at = listWith(list, from, to);
    chunks.set(piece.chunk, list);
    return added;
  }
  const bitmap = bitmapOf(found);
  setBits(bitmap.words, from, to);
  bitmap.size += added;
  chunks.set(piece.chunk, shortest(bitmap));
  return added;
}

/** The chunk as a bitmap; of a list of members or of nothing it is a new one. */
function bitmapOf(chunk: Bitmap | Exceptions | undefined): Bitmap {
  if (chunk !== undefined && 'words' in chunk) return chunk;
  const words = new Uint32Array(chunkWords);
  for (const at of chunk?.at ?? []) setBits(words, at, at + 1);
  return { words, size: chunk?.at.length ?? 0 };
}

function shortest(bitmap: Bitmap): Bitmap | Exceptions {
  const { words, size } = bitmap;
  if (size > listMax && size < chunkItems - listMax) return bitmap;
  const rest = size <= listMax ? 0 : 1;
  const at = new Uint16Array(rest === 0 ? size : chunkItems - size);
  let length = 0;
  eachRun(words, rest === 0 ? 1 : 0, 0, chunkItems, (from, to) => {
    for (let i = from; i < to; i++) at[length++] = i;
  });
  return { rest, at };
}

/** The list once [from, to) are members: of holes without those, of members with them. */
function listWith({ at, rest }: Exceptions, from: number, to: number): Uint16Array {
  const [low, high] = [placeOf(at, from), placeOf(at, to)];
  const between = rest === 1 ? 0 : to - from;
  const list = new Uint16Array(at.length - (high - low) + between);
  list.set(at.subarray(0, low));
  for (let i = 0; i < between; i++) list[low + i] = from + i;
  list.set(at.subarray(high), low + between);
  return list;
}

/** Index of the first entry at or above `value`. */
function placeOf(list: Uint16Array, value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls `visit(a, b)` for runs [a, b) of members (bit 1) or holes (bit 0) within [from, to), in order; runs may touch. */
function runsOf(
  chunk: Bitmap | Exceptions,
  bit: 0 | 1,
  from: number,
  to: number,
  visit: (from: number, to: number) => void,
): void {
  if ('words' in chunk) {
    eachRun(chunk.words, bit, from, to, visit);
    return;
  }
  const { at, rest } = chunk;
  let open = from;
  for (let i = placeOf(at, from); i < at.length && (at[i] as number) < to; i++) {
    const place = at[i] as number;
    if (bit === rest) {
      if (place > open) visit(open, place);
    } else visit(place, place + 1);
    open = place + 1;
  }
  if (bit === rest && to > open) visit(open, to);
}

/** Gaps that touch are one, also over chunk borders. */
function findGaps(
  chunks: Chunks,
  range: { from: number; count: number },
  onGap: (from: number, count: number) => void,
): void {
  let gapFrom = range.from;
  let gapTo = range.from;
  const add = (from: number, to: number) => {
    if (from !== gapTo) {
      if (gapTo > gapFrom) onGap(gapFrom, gapTo - gapFrom);
      gapFrom = from;
    }
    gapTo = to;
  };
  eachPiece(range.from, range.count, ({ chunk, start, from, to }) => {
    const found = chunks.get(chunk);
    if (found === undefined) add(start + from, start + to);
    else runsOf(found, 0, from, to, (a, b) => add(start + a, start + b));
  });
  if (gapTo > gapFrom) onGap(gapFrom, gapTo - gapFrom);
}
