import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkItems, createSequenceSet } from '../../src/observe/delivered.ts';
import { runs } from '../fixtures/runs.ts';

/** Runs that like chunk borders. */
const run = fc.record({
  from: fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: chunkItems - 150, max: chunkItems + 150 }),
    fc.integer({ min: 2 * chunkItems - 50, max: 2 * chunkItems }),
  ),
  count: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(chunkItems + 40)),
});

test('forall runs: the set agrees with a plain set on new, again, count and gaps', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 8 }), run, (runs, asked) => {
      const set = createSequenceSet();
      const plain = new Set<number>();
      for (const { from, count } of runs) {
        const again: number[] = [];
        set.add(from, count, (a, n) => {
          for (let i = 0; i < n; i++) again.push(a + i);
        });
        const expected: number[] = [];
        for (let i = from; i < from + count; i++) {
          if (plain.has(i)) expected.push(i);
          plain.add(i);
        }
        expect(again).toEqual(expected);
        expect(set.size()).toBe(plain.size);
      }
      const gaps: [number, number][] = [];
      set.gaps(asked.from, asked.count, (from, count) => gaps.push([from, count]));
      const wanted: [number, number][] = [];
      let present = 0;
      for (let i = asked.from; i < asked.from + asked.count; i++) {
        const last = wanted.at(-1);
        if (plain.has(i)) present++;
        else if (last !== undefined && last[0] + last[1] === i) last[1]++;
        else wanted.push([i, 1]);
      }
      expect(set.countIn(asked.from, asked.count)).toBe(present);
      expect(gaps).toEqual(wanted);
    }),
    { numRuns: runs(60) },
  );
});
