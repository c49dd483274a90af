import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type IdPair, isTraceId, readId, runKeys, writeId, writeTraceId } from '../../src/otlp/item-id.ts';

const stream = fc.integer({ min: 1, max: 65535 });
const sequence = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('forall run, stream, sequence: readId inverts writeId and the id is never zero', () => {
  fc.assert(
    fc.property(fc.string(), stream, sequence, (run, s, n) => {
      const keys = runKeys(run);
      const bytes = new Uint8Array(8);
      writeId(keys.span, s, n, bytes, 0);
      const out: IdPair = { stream: 0, number: 0 };
      readId(keys.span, bytes, 0, out);
      expect(out).toEqual({ stream: s, number: n });
      expect(bytes.some((byte) => byte !== 0)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('forall two runs: the trace id of one is not the other’s', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), stream, sequence, (a, b, s, n) => {
      fc.pre(a !== b);
      const bytes = new Uint8Array(16);
      writeTraceId(runKeys(a), s, n, bytes, 0);
      expect(isTraceId(runKeys(a), s, n, bytes, 0)).toBe(true);
      expect(isTraceId(runKeys(b), s, n, bytes, 0)).toBe(false);
    }),
  );
});

test('ids of consecutive sequences look random: every bit is set in 45 to 55 % of 20,000 ids', () => {
  const keys = runKeys('r');
  const bytes = new Uint8Array(8);
  const set = new Array<number>(64).fill(0);
  for (let n = 0; n < 20_000; n++) {
    writeId(keys.span, 1, n, bytes, 0);
    for (let bit = 0; bit < 64; bit++)
      set[bit] = (set[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1);
  }
  for (const count of set) expect(Math.abs(count / 20_000 - 0.5)).toBeLessThan(0.05);
});
