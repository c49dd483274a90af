/** Bits [from, to) of an array of 32-bit words, bit 0 of word 0 first. */

/** The bits of word `index` that lie in [from, to). */
function maskOf(index: number, from: number, to: number): number {
  const low = Math.max(from - index * 32, 0);
  const high = Math.min(to - index * 32, 32);
  const upper = high === 32 ? -1 : (1 << high) - 1;
  return upper & (-1 << low);
}

export function setBits(words: Uint32Array, from: number, to: number): void {
  for (let index = from >>> 5; index << 5 < to; index++) {
    words[index] = (words[index] as number) | maskOf(index, from, to);
  }
}

export function countBits(words: Uint32Array, from: number, to: number): number {
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
export function eachRun(
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
