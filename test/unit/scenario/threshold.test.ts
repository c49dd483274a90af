import { expect, test } from 'vitest';
import { measures, parseMeasure } from '../../../src/scenario/measures.ts';
import { parseThreshold } from '../../../src/scenario/threshold.ts';

const p = (percentile: number) => ({ percentile });

test.each([
  ['p(95)<10ms', 'ms', p(95), '<', 10],
  ['p(99.9) <= 0.5', 'ms', p(99.9), '<=', 0.5],
  ['p( 50 )<1s', 'ms', p(50), '<', 1000],
  ['avg<1m30s', 'ms', 'avg', '<', 90_000],
  ['max!=5', 'ms', 'max', '!=', 5],
  ['count==0', 'items', 'count', '==', 0],
  ['count===0', 'items', 'count', '==', 0],
  ['count<=1e3', 'items', 'count', '<=', 1000],
  ['count>5 items', 'items', 'count', '>', 5],
  ['value>=9900', 'items/s', 'value', '>=', 9900],
  ['value>=9900/s', 'items/s', 'value', '>=', 9900],
  ['rate<5%', 'ratio', 'rate', '<', 0.05],
  ['rate<.05', 'ratio', 'rate', '<', 0.05],
  ['value<80%', '%', 'value', '<', 80],
  ['value<0.8', 's', 'value', '<', 0.8],
  ['value<800ms', 's', 'value', '<', 0.8],
  ['value<1Gi', 'bytes', 'value', '<', 2 ** 30],
  ['value>-3', 'batches', 'value', '>', -3],
] as const)('%j in %s', (text, unit, aggregation, operator, limit) => {
  expect(parseThreshold(text, unit)).toEqual({ aggregation, operator, limit });
});

test.each([
  ['p95<10ms', 'ms', 'p(95)<10ms'],
  ['P95 < 10', 'ms', 'p(95)< 10'],
  ['p[95]<10', 'ms', 'p(95)<10'],
  ['median<10', 'ms', 'med<10'],
  ['count=0', 'items', 'count==0'],
  ['count=<5', 'items', 'count<=5'],
  ['value=>9', 'items/s', 'value>=9'],
])('%j is refused with the better %j', (text, unit, better) => {
  expect(parseThreshold(text, unit)).toMatchObject({ better });
});

test.each([
  ['', 'ms', /^aggregation, comparison and number/],
  ['10ms', 'ms', /^aggregation, comparison and number/],
  ['p(95)<', 'ms', /^aggregation, comparison and number/],
  ['p(101)<1', 'ms', /^an aggregation/],
  ['p(x)<1', 'ms', /^an aggregation/],
  ['sum<1', 'ms', /^an aggregation/],
  ['avg<ten', 'ms', /^a number in ms, or with a unit of time/],
  ['avg<5%', 'ms', /^a number in ms/],
  ['count<5ms', 'items', /^a number in items$/],
  ['rate<5ms', 'ratio', /^a number in ratio from 0 to 1/],
  ['avg<1 2', 'ms', /^a number in ms/],
  ['avg<Infinity', 'ms', /^a number in ms/],
])('%j in %s is refused', (text, unit, expected) => {
  const parsed = parseThreshold(text, unit);
  expect(parsed).toHaveProperty('expected', expect.stringMatching(expected));
  expect(parsed).not.toHaveProperty('better');
});

test.each([
  ['items_lost', { name: 'items_lost', tags: {} }],
  ['items_lost{}', { name: 'items_lost', tags: {} }],
  [
    ' ack_duration { signal : traces , load:"spans" } ',
    { name: 'ack_duration', tags: { signal: 'traces', load: 'spans' } },
  ],
  ['ack_duration{signal}', undefined],
  ['ack_duration{signal:}', undefined],
  ['ack_duration{signal:traces,}', undefined],
  ['ack_duration{signal:traces,signal:logs}', undefined],
  ['ack_duration{signal:traces', undefined],
  ['ack duration', undefined],
])('measure %j', (text, parsed) => {
  expect(parseMeasure(text)).toEqual(parsed);
});

test('the table of measures is the contract’s', () => {
  const byAggregation = (name: string) =>
    Object.entries(measures).flatMap(([key, one]) =>
      (one.aggregations as readonly string[]).includes(name) ? [key] : [],
    );
  expect(byAggregation('p')).toEqual(['ack_duration', 'send_duration', 'delivery_duration']);
  expect(byAggregation('rate')).toEqual(['refused_ratio', 'throttled_ratio']);
  expect(byAggregation('value')).toEqual([
    'time_to_recover',
    'offered_rate',
    'acknowledged_rate',
    'delivered_rate',
  ]);
  expect(byAggregation('count').map((name) => name.replace('items_', ''))).toEqual(
    'due|missed|offered|acknowledged|rejected|refused|unknown|delivered|lost|undelivered|duplicated|late|unexpected|foreign'.split(
      '|',
    ),
  );
});
