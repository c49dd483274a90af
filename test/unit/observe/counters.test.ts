import { describe, expect, test } from 'vitest';
import {
  coverageOf,
  increaseOf,
  quantileOfBuckets,
  scrapeDistanceS,
  sumIncreases,
} from '../../../src/observe/counters.ts';

type Points = [number, number][];
/** Values one second apart from `startS`; `_` is a missing scrape, as promtool writes it. */
function points(startS: number, text: string): Points {
  return text.split(' ').flatMap((word, i): Points => (word === '_' ? [] : [[startS + i, Number(word)]]));
}

describe('rise of a counter in (10, 20]', () => {
  const span = { fromS: 10, toS: 20 };
  test.each<[string, Points, number | null]>([
    ['1: whole numbers stay whole, no extrapolation', points(9.5, '100 101 103 107 107 107'), 7],
    ['2: what came before is not in it', points(5, '0 50 90 95 99 100 101'), 1],
    ['4: born inside: its first sample counts', points(14, '30 40'), 40],
    ['5, 6: a restart begins at 0', points(9, '500 600 700 20 50'), 150],
    ['6: two restarts', points(10, '5 9 1 1 0 3'), 8],
    ['after the span is not in it', points(18, '_ 0 20 400'), 20],
    [
      'a sample on the start is the base, on the end counts',
      [
        [10, 3],
        [20, 8],
      ],
      5,
    ],
    ['8: no sample in the span', points(0, '1 2 3'), null],
    [
      '8: NaN is no sample',
      [
        [9, 1],
        [11, Number.NaN],
        [12, 4],
      ],
      3,
    ],
    ['missing scrapes lose nothing that a later one holds', points(10, '0 _ _ _ 40'), 40],
  ])('%s', (_, given, expected) => {
    expect(increaseOf(given, span)).toBe(expected);
  });

  test('5: a new pod is a new series, and both count', () => {
    const series = [
      { labels: { pod: 'a' }, points: points(9, '100 110 120') },
      { labels: { pod: 'b' }, points: points(14, '5 25') },
    ];
    expect(sumIncreases(series, span)).toBe(35);
    expect(sumIncreases([{ labels: {}, points: [] }], span)).toBe(null);
  });
});

describe('17: coverage', () => {
  const options = {
    span: { fromS: 0, toS: 10 },
    intervalS: 1,
    target: (l: Record<string, string>) => l.m ?? '',
  };
  const up = (m: string, text: string) => ({ labels: { m }, points: points(1, text) });
  test.each<[string, ReturnType<typeof up>[], number | null]>([
    ['all there', [up('a', '1 1 1 1 1 1 1 1 1 1')], 1],
    ['failed scrapes are not there', [up('a', '1 1 1 0 0 0 0 1 1 1')], 0.6],
    ['missing scrapes are not there', [up('a', '1 1 1 1 1')], 0.5],
    [
      'a starved target is not hidden by a healthy one',
      [up('a', '1 1 1 1 1 1 1 1 1 1'), up('b', '0 0 0 0 0 0 0 0 0 0')],
      0.5,
    ],
    [
      'of pods that go and come the scrapes of their time are expected, and those that failed count',
      [up('a', '1 1 1 1 1 1 1 1 1 1'), up('b', '1 1 0 0'), up('c', '_ _ _ _ _ _ 0 1 1 1')],
      (10 + 2 + 3) / (10 + 4 + 4),
    ],
    ['when nothing is scraped, all are expected', [up('a', '1 1 1 1 1 _'), up('b', '1 1 1 1 1 _')], 0.5],
    [
      'a restart under a new address is one target',
      [up('a', '1 1 1 1 1'), up('a', '_ _ _ _ _ 1 1 1 1 1')],
      1,
    ],
    ['no target at all is no evidence', [], null],
  ])('%s', (_, series, expected) => {
    expect(coverageOf(series, options)).toBe(expected);
  });
});

test('the scrape distance is the usual one, gaps or not', () => {
  expect(scrapeDistanceS([{ labels: {}, points: points(0, '1 1 _ _ 1 1 1 _ 1 1') }])).toBe(1);
  expect(scrapeDistanceS([{ labels: {}, points: points(0, '1 1') }])).toBe(undefined);
});

describe('10: the quantile of a classic histogram', () => {
  const buckets = (counts: [number, number][]) => counts.map(([le, count]) => ({ le, count }));
  const inf = Number.POSITIVE_INFINITY;
  test.each<[string, [number, number][], number]>([
    [
      'exact where it falls on a bound',
      [
        [5, 50],
        [10, 95],
        [inf, 100],
      ],
      10,
    ],
    [
      'linear inside a bucket',
      [
        [10, 0],
        [20, 190],
        [inf, 200],
      ],
      20,
    ],
    [
      'beyond the last bound it is infinite, not that bound',
      [
        [5, 50],
        [10, 90],
        [inf, 100],
      ],
      inf,
    ],
    [
      'without an observation it is none',
      [
        [5, 0],
        [inf, 0],
      ],
      Number.NaN,
    ],
    ['without two bounds it is none', [[inf, 10]], Number.NaN],
    [
      '11: bounds are sorted as numbers',
      [
        [10, 95],
        [inf, 100],
        [5, 50],
      ],
      10,
    ],
  ])('%s', (_, counts, expected) => {
    expect(quantileOfBuckets(buckets(counts), 0.95)).toBe(expected);
  });
});
