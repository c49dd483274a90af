import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createSequenceSet } from '../../../src/observe/delivered.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * Bytes that stay allocated once `make` has given what it made: the least of three, as compiled code and buffers that
 * are freed late come on top of some of them, and what is truly kept is in each.
 */
function bytesKept(make: () => unknown): number {
  return Math.min(...[0, 1, 2].map(() => measureOnce(make)));
}

function measureOnce(make: () => unknown): number {
  collect();
  const before = process.memoryUsage();
  const made = make();
  collect();
  const after = process.memoryUsage();
  if (made === undefined) throw new Error('nothing was made');
  return after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed;
}

/** `items` of each of three signals in runs of a batch, without every `holeEvery`-th item. */
function threeSets(items: number, holeEvery: number): unknown {
  return [0, 1, 2].map(() => {
    const set = createSequenceSet();
    for (let from = 0; from < items; from += holeEvery) {
      set.add(from, Math.min(holeEvery - 1, items - from));
    }
    return set;
  });
}

// The goal is 1e9 items of 3 signals with 0.01 % holes in 300 MB, that is 0.3 bytes an item; a hundredth of it here.
test('1e7 items of three signals with one hole in 10,000 take less than 3 MB', () => {
  expect(bytesKept(() => threeSets(10_000_000 / 3, 10_000))).toBeLessThan(3e6);
});

test('what arrived whole takes next to nothing, however much it is', () => {
  const whole = () => {
    const set = createSequenceSet();
    for (let from = 0; from < 10_000_000; from += 512) set.add(from, 512);
    return set;
  };
  expect(bytesKept(whole)).toBeLessThan(200_000);
});
