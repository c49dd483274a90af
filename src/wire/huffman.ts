/**
 * Huffman code of HPACK (RFC 7541, appendix B). The code is canonical: codes of one length are consecutive in the order
 * of their symbols, so that the lengths alone give it. Symbol 256 is the end of the string, which must not appear.
 */
const lengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const endOfString = 256;
const longest = 30;

interface Code {
  /** By length: the first code, how many there are, and where their symbols begin in `symbols`. */
  first: Uint32Array;
  count: Uint32Array;
  at: Uint32Array;
  /** In the order of their codes. */
  symbols: Uint16Array;
}

const code = canonicalCode();

function canonicalCode(): Code {
  const column = () => new Uint32Array(longest + 1);
  const [first, count, at] = [column(), column(), column()];
  for (const length of lengths) count[length] = (count[length] as number) + 1;
  for (let length = 1; length <= longest; length++) {
    const before = count[length - 1] as number;
    first[length] = ((first[length - 1] as number) + before) << 1;
    at[length] = (at[length - 1] as number) + before;
  }
  const byLength = (a: number, b: number) => (lengths[a] as number) - (lengths[b] as number) || a - b;
  return { first, count, at, symbols: Uint16Array.from(lengths.keys()).sort(byLength) };
}

/** Text of [from, to) as Latin-1, or undefined: the bits are no code, or end in more than 7 bits or other than ones. */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number): string | undefined {
  const out = Buffer.allocUnsafe(Math.floor(((to - from) * 8) / 5));
  let size = 0;
  let bits = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    for (let bit = 7; bit >= 0; bit--) {
      bits = (bits << 1) | ((byte >>> bit) & 1);
      length++;
      const nth = bits - (code.first[length] as number);
      if (nth >= (code.count[length] as number)) {
        if (length === longest) return undefined;
        continue;
      }
      const symbol = code.symbols[(code.at[length] as number) + nth] as number;
      if (symbol === endOfString) return undefined;
      out[size++] = symbol;
      bits = 0;
      length = 0;
    }
  }
  const padding = (1 << length) - 1;
  return length < 8 && bits === padding ? out.toString('latin1', 0, size) : undefined;
}
