import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, test } from 'vitest';
import { DurationHistogram, rankOf } from '../../../src/base/histogram.ts';

function histogramOf(values: number[]): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

const inf = Number.POSITIVE_INFINITY;

describe('percentile is the nearest rank, infinities on top', () => {
  test.each<[string, number[], number, number | undefined]>([
    ['of nothing is nothing', [], 50, undefined],
    ['of one is that one', [7], 99, 7],
    ['p50 of two is the lower', [1, 9], 50, 1],
    ['p95 of twenty is the nineteenth', Array.from({ length: 20 }, (_, i) => i + 1), 95, 19],
    ['p96 of twenty is the last', Array.from({ length: 20 }, (_, i) => i + 1), 96, 20],
    ['p0 is the least', [3, 1, 2], 0, 1],
    ['p100 is the greatest', [3, 1, 2], 100, 3],
    ['one infinite of twenty leaves p95 finite', [...Array.from({ length: 19 }, () => 5), inf], 95, 5],
    ['two infinite of twenty do not', [...Array.from({ length: 18 }, () => 5), inf, inf], 95, inf],
    ['all infinite', [inf, inf], 1, inf],
  ])('%s', (_, values, percent, expected) => {
    expect(histogramOf(values).percentile(percent)).toBe(expected);
  });
});

test('NaN is infinite and a negative duration is zero', () => {
  const histogram = histogramOf([Number.NaN, -5]);
  expect([histogram.count, histogram.infinite, histogram.min, histogram.max]).toEqual([2, 1, 0, inf]);
});

test('min, max and mean are exact; with an infinity in it the mean is infinite', () => {
  const histogram = histogramOf([1_234_567, 7_654_321]);
  expect([histogram.min, histogram.max, histogram.mean]).toEqual([1_234_567, 7_654_321, 4_444_444]);
  histogram.record(inf);
  expect(histogram.mean).toBe(inf);
});

test('merge is as if all had been recorded in one', () => {
  const left = histogramOf([1, 2, inf]);
  left.merge(histogramOf([3, 4, inf]));
  left.merge(new DurationHistogram());
  expect([left.count, left.infinite, left.percentile(50), left.min, left.max]).toEqual([6, 2, 3, 1, inf]);
});

test('times weigh an observation', () => {
  const histogram = new DurationHistogram();
  histogram.record(10, 95);
  histogram.record(20, 5);
  histogram.record(30, 0);
  expect([histogram.count, histogram.percentile(95), histogram.percentile(96)]).toEqual([100, 10, 20]);
});

test('7 % of 100 is the seventh, whatever floating point makes of it', () => {
  expect(rankOf(7, 100)).toBe(7);
  expect(rankOf(99.9, 1000)).toBe(999);
  expect(rankOf(95, 1_000_000_000)).toBe(950_000_000);
});

test('encoded, any HDR tool reads it', () => {
  const { hdr, infinite } = histogramOf([1000, 2000, inf]).encode();
  const decoded = decodeFromCompressedBase64(hdr);
  expect([decoded.totalCount, decoded.maxValue >= 2000, infinite]).toEqual([2, true, 1]);
});
