import { expect, test } from 'vitest';
import { ackBoundsMs, addAckMs, emptyAckBuckets, sumAckBuckets } from '../../../src/base/ack-bounds.ts';

test('a latency counts at its own bound and every one above; an infinite one only in all', () => {
  const buckets = emptyAckBuckets();
  for (const ms of [0.2, 10, 10.01, Number.POSITIVE_INFINITY]) addAckMs(buckets, ms);
  const at = (bound: number) => buckets[ackBoundsMs.indexOf(bound)];
  expect([at(0.5), at(7.5), at(10), at(15), at(60_000), buckets.at(-1)]).toEqual([1, 1, 2, 3, 3, 4]);
});

test('parts add up, a missing one is none', () => {
  const one = emptyAckBuckets();
  addAckMs(one, 1);
  const sum = sumAckBuckets([one, undefined, one]);
  expect([sum[0], sum[1], sum.at(-1)]).toEqual([0, 2, 2]);
});

test('the limits that people set are bounds, ascending', () => {
  for (const limit of [5, 10, 50, 100, 500, 1000]) expect(ackBoundsMs).toContain(limit);
  expect([...ackBoundsMs].sort((a, b) => a - b)).toEqual(ackBoundsMs);
});
