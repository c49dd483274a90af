import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { boundNs, correctionNs, measureClock } from '../../src/run/pod-clock.ts';
import { runs } from '../fixtures/runs.ts';

const way = fc.integer({ min: 0, max: 50_000_000 });

/**
 * forall differences between two clocks and ways there and back, each of any length: after the correction times of the
 * pod are off by no more than the bound, and the bound is at most the shortest round trip.
 */
test('the true difference between a pod and the runner lies within the stated bound', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: -10_000_000_000, max: 10_000_000_000 }),
      fc.array(fc.tuple(way, way), { minLength: 8, maxLength: 8 }),
      async (skewNs, ways) => {
        let nowNs = 5_000_000_000;
        let turn = 0;
        const clock: Clock = { nowNs: () => nowNs, wallMs: () => 0, sleep: async () => undefined };
        const link = {
          ask: async () => {
            const [there, back] = ways[turn++] ?? [0, 0];
            nowNs += there;
            const wallNs = String(BigInt(nowNs + skewNs) + 1_700_000_000_000_000_000n);
            nowNs += back;
            return { wallNs };
          },
        };
        const found = await measureClock(link, clock, 1_700_000_000_000_000_000n);
        const shortest = Math.min(...ways.map(([there, back]) => there + back));
        const left = skewNs - correctionNs(found);
        expect(Math.abs(left)).toBeLessThanOrEqual(boundNs(found) + 1); // whole ns
        expect(boundNs(found)).toBeLessThanOrEqual(shortest);
      },
    ),
    { numRuns: runs(500) },
  );
});
