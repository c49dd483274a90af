/** Length in bits of the code of each octet (RFC 7541, appendix B), one digit of base 32 each. */
const codeBits =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq';
const bitsMin = 5;
const bitsMax = 30;

interface HuffmanTable {
  /** By length: the first code of that length, how many there are, and where their octets begin in `octets`. */
  first: Int32Array;
  count: Int32Array;
  start: Int32Array;
  /** In the order of their codes. */
  octets: Uint8Array;
}

/** The code is canonical: codes of one length follow one another in the order of their octets. */
export function createHuffmanTable(): HuffmanTable {
  const lengths = Array.from(codeBits, (digit) => Number.parseInt(digit, 32));
  const [first, count, start] = [0, 1, 2].map(() => new Int32Array(bitsMax + 1)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const octets = new Uint8Array(lengths.length);
  let code = 0;
  let used = 0;
  for (let bits = bitsMin; bits <= bitsMax; bits++) {
    first[bits] = code;
    start[bits] = used;
    for (let octet = 0; octet < lengths.length; octet++) if (lengths[octet] === bits) octets[used++] = octet;
    count[bits] = used - (start[bits] as number);
    code = (code + (count[bits] as number)) << 1;
  }
  return { first, count, start, octets };
}

/**
 * The text of a Huffman-coded string, an octet per character; undefined when it is malformed: a code that does not
 * exist (that for the end of the string included), or padding that is not the first bits of that, or too long.
 */
export function decodeHuffman(table: HuffmanTable, bytes: Uint8Array): string | undefined {
  const { first, count, start, octets } = table;
  const out: number[] = [];
  let code = 0;
  let bits = 0;
  for (const byte of bytes) {
    for (let shift = 7; shift >= 0; shift--) {
      code = (code << 1) | ((byte >> shift) & 1);
      if (++bits > bitsMax) return undefined;
      const nth = code - (first[bits] as number);
      if (bits < bitsMin || nth >= (count[bits] as number)) continue;
      out.push(octets[(start[bits] as number) + nth] as number);
      code = 0;
      bits = 0;
    }
  }
  const padded = bits < 8 && code === (1 << bits) - 1;
  return padded ? Buffer.from(out).toString('latin1') : undefined;
}
