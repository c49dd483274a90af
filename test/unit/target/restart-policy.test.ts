import { expect, test } from 'vitest';
import { afterExit, freshBackoff } from '../../../src/target/restart-policy.ts';

/** Waits before each restart of a process that ran for these times, ms. */
function waits(ranMs: number[]): number[] {
  let backoff = freshBackoff;
  return ranMs.map((ran) => {
    const next = afterExit(backoff, ran);
    backoff = next.backoff;
    return next.waitMs;
  });
}

test('the first restart is at once, then 10 s doubling to 5 min', () => {
  expect(waits([1, 1, 1, 1, 1, 1, 1, 1])).toEqual([
    0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000,
  ]);
});

test('ten minutes up forget the past; a second less does not', () => {
  expect(waits([1, 1, 600_000, 1])).toEqual([0, 10_000, 0, 10_000]);
  expect(waits([1, 1, 599_000])).toEqual([0, 10_000, 20_000]);
});
