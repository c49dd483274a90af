import { describe, expect, test } from 'vitest';
import { lintQuery } from '../../../src/observe/promql-lint.ts';
import { asksForWindow, lookbackMs, putWindow, withMatchers } from '../../../src/observe/promql-text.ts';

const refused: [string, string, RegExp][] = [
  ['6: rate over an aggregate', 'max(rate(sum(x)[1m:1s]))', /hides the resets/],
  ['6: increase over an aggregate', 'max(increase(max(x)[$window:1s]))', /hides the resets/],
  ['8: or vector(0)', 'max(x) or vector(0)', /turns missing data/],
  ['8: or on() vector(1e-8)', 'sum(rate(x[$window])) or on() vector(0.00000001)', /turns missing data/],
  ['9: a bare selector', 'otelcol_exporter_queue_size', /several series/],
  ['9: by a label', 'max by (exporter) (otelcol_exporter_queue_size)', /several series/],
  ['9: topk', 'topk(1, x)', /several series/],
  [
    '9: a quantile by another label',
    'histogram_quantile(0.9, sum by (le, pod) (rate(x[$window])))',
    /several/,
  ],
  ['13: the average of quantiles', 'avg(histogram_quantile(0.95, rate(x_bucket[$window])))', /no quantile/],
  ['14: irate', 'sum(irate(x[$window]))', /last two samples/],
  ['2: offset', 'max(x offset 5m)', /another time/],
  ['2: @', 'max(x @ 1700000000)', /another time/],
  ['no PromQL', 'max(x', /not PromQL/],
  ['nothing', ' ', /empty|not PromQL/],
];

describe('a query that would mislead is refused', () => {
  test.each(refused)('%s: %s', (_, query, what) => {
    expect(lintQuery(query).problems.map((problem) => problem.what)).toEqual([expect.stringMatching(what)]);
  });

  test.each([
    'max(otelcol_exporter_queue_size)',
    'sum(rate(x[$window]))',
    'sum(rate(a[$window])) / sum(rate(b[$window]))',
    'histogram_quantile(0.95, sum by (le) (rate(x_bucket[$window])))',
    'max_over_time(max(x)[$window:1s])',
    'sum(rate(x_bucket{le="0.01"}[$window])) / sum(rate(x_count[$window])) * 100',
    'max(x{note="or vector(0)"})',
    'time() - max(y)',
    'scalar(x)',
    'deriv(sum(x)[$window:1s])',
  ])('and this one is not: %s', (query) => {
    expect(lintQuery(query).problems).toEqual([]);
  });

  test.each([
    ['1: increase', 'sum(increase(x[$window]))', /no count/],
    ['19: a recording rule', 'max(job:x:rate5m)', /lags/],
  ])('%s is shown', (_, query, what) => {
    expect(lintQuery(query).warnings.map((problem) => problem.what)).toEqual([expect.stringMatching(what)]);
  });

  test('the place is that of the text as written', () => {
    const query = 'sum(rate(a[$window])) + sum(irate(b[$window]))';
    const [problem] = lintQuery(query).problems;
    expect(query.slice(problem?.from, problem?.to)).toBe('irate(b[$window])');
    expect(problem?.found).toBe('irate(b[$window])');
  });
});

describe('labels go into every selector by the parser', () => {
  test.each([
    ['max(x)', 'max(x{a="b"})'],
    ['max(x{})', 'max(x{a="b"})'],
    ['max(x{c="d"})', 'max(x{a="b",c="d"})'],
    ['sum(rate({__name__="x"}[1m]))', 'sum(rate({a="b",__name__="x"}[1m]))'],
    [
      'sum(x) by (x) / on (x) sum(x{l="x{}"}) by (x)',
      'sum(x{a="b"}) by (x) / on (x) sum(x{a="b",l="x{}"}) by (x)',
    ],
    ['time()', 'time()'],
  ])('%s', (query, expected) => {
    expect(withMatchers(query, { a: 'b' })).toBe(expected);
  });

  test('values and names that need quotes get them', () => {
    expect(withMatchers('x', { 'k8s.pod': 'a"b\\c\n' })).toBe('x{"k8s.pod"="a\\"b\\\\c\\n"}');
  });

  test('a query that does not parse is an error, not a guess', () => {
    expect(() => withMatchers('max(x', { a: 'b' })).toThrow(/not PromQL/);
  });
});

test('$window becomes the exact length', () => {
  expect(putWindow('rate(x[$window])', 59_123.4)).toBe('rate(x[59123ms])');
  expect([asksForWindow('x[$window]'), asksForWindow('x[$windows]'), asksForWindow('x')]).toEqual([
    true,
    false,
    false,
  ]);
});

test.each([
  ['max(x)', 0],
  ['max(rate(x[1m30s]))', 90_000],
  ['max_over_time(rate(x[30s])[5m:10s])', 300_000],
])('%s looks back %i ms', (query, ms) => {
  expect(lookbackMs(query)).toBe(ms);
});
