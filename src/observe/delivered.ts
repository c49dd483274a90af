/**
 * A set of sequences of one stream, made for runs of consecutive ones: chunks of 64 Ki sequences, 8 KiB each; a full
 * chunk becomes a marker, so that what arrived whole costs next to nothing. 1e9 sequences with a hole in every chunk
 * take 125 MB.
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

interface Chunk {
  words: Uint32Array;
  size: number;
}

type Chunks = Map<number, Chunk | 'full'>;

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
        const chunk = chunks.get(piece.chunk);
        if (chunk === 'full') total += piece.to - piece.from;
        else if (piece.to - piece.from === chunkItems) total += chunk?.size ?? 0;
        else if (chunk !== undefined) total += countBits(chunk.words, piece.from, piece.to);
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

/** Gives how many were new. */
function addPiece(
  chunks: Chunks,
  piece: Piece,
  onAgain: ((from: number, count: number) => void) | undefined,
): number {
  const { start, from, to } = piece;
  const found = chunks.get(piece.chunk);
  if (found === 'full') {
    onAgain?.(start + from, to - from);
    return 0;
  }
  const chunk = found ?? { words: new Uint32Array(chunkWords), size: 0 };
  const present = countBits(chunk.words, from, to);
  if (present > 0 && onAgain !== undefined) {
    eachRun(chunk.words, 1, from, to, (a, b) => onAgain(start + a, b - a));
  }
  setBits(chunk.words, from, to);
  const added = to - from - present;
  chunk.size += added;
  if (chunk.size === chunkItems) chunks.set(piece.chunk, 'full');
  else if (found === undefined) chunks.set(piece.chunk, chunk);
  return added;
}

/** Gaps that meet at a chunk border are one. */
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
    else if (found !== 'full') eachRun(found.words, 0, from, to, (a, b) => add(start + a, start + b));
  });
  if (gapTo > gapFrom) onGap(gapFrom, gapTo - gapFrom);
}

/** The bits of word `index` that lie in [from, to). */
function maskOf(index: number, from: number, to: number): number {
  const low = Math.max(from - index * 32, 0);
  const high = Math.min(to - index * 32, 32);
  const upper = high === 32 ? -1 : (1 << high) - 1;
  return upper & (-1 << low);
}

function setBits(words: Uint32Array, from: number, to: number): void {
  for (let index = from >>> 5; index << 5 < to; index++) {
    words[index] = (words[index] as number) | maskOf(index, from, to);
  }
}

function countBits(words: Uint32Array, from: number, to: number): number {
  let total = 0;
  for (let index = from >>> 5; index << 5 < to; index++) {
    total += bitsOf((words[index] as number) & maskOf(index, from, to));
  }
  return total;
}

/** Number of set bits of a 32-bit word (Hacker's Delight 5-2). */
function bitsOf(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Calls `visit(a, b)` for each run [a, b) of bits equal to `bit` within [from, to), in order. */
function eachRun(
  words: Uint32Array,
  bit: 0 | 1,
  from: number,
  to: number,
  visit: (from: number, to: number) => void,
): void {
  const flip = bit === 1 ? 0 : -1;
  let open = -1;
  for (let index = from >>> 5; index << 5 < to; index++) {
    const mask = maskOf(index, from, to);
    const word = ((words[index] as number) ^ flip) & mask;
    if (word === mask) {
      if (open < 0) open = Math.max(from, index * 32);
      continue;
    }
    if (word === 0) {
      if (open >= 0) visit(open, Math.max(from, index * 32));
      open = -1;
      continue;
    }
    const high = Math.min(to - index * 32, 32);
    for (let b = Math.max(from - index * 32, 0); b < high; b++) {
      const set = ((word >>> b) & 1) === 1;
      if (set && open < 0) open = index * 32 + b;
      else if (!set && open >= 0) {
        visit(open, index * 32 + b);
        open = -1;
      }
    }
  }
  if (open >= 0) visit(open, to);
}
