import { expect, test } from 'vitest';
import { readAlerts } from '../../../src/observe/alerts.ts';
import type { PrometheusSeries } from '../../../src/observe/prometheus.ts';

/** A sample of ALERTS at each of these seconds; t = 0 is 1000 on Prometheus's clock. */
function series(alertname: string, alertstate: string, times: number[], more = {}): PrometheusSeries {
  const labels = { __name__: 'ALERTS', alertname, alertstate, ...more };
  return { labels, points: times.map((at) => [1000 + at, 1]) };
}

const read = (all: PrometheusSeries[], endS = 60) =>
  readAlerts(all, { toRunS: (at) => at - 1000, endServerS: 1000 + endS, intervalS: 1 });

test('pending and then firing is one alert, which ends with the first evaluation without it', () => {
  const all = [series('Down', 'firing', [13, 14, 15]), series('Down', 'pending', [11, 12])];
  expect(read(all)).toEqual([{ alert: 'Down', labels: '', activeS: 11, firingS: 13, endS: 16 }]);
});

test('an alert that was pending and never fired, and one without a `for`', () => {
  const all = [series('Slow', 'pending', [20, 21]), series('Down', 'firing', [5, 6])];
  expect(read(all)).toEqual([
    { alert: 'Down', labels: '', activeS: 5, firingS: 5, endS: 7 },
    { alert: 'Slow', labels: '', activeS: 20, endS: 22 },
  ]);
});

test('what is active in the last evaluations has no end', () => {
  expect(read([series('Down', 'firing', [57, 58, 59])])[0]).not.toHaveProperty('endS');
  expect(read([series('Down', 'firing', [57, 58, 59])], 61)[0]).not.toHaveProperty('endS');
  expect(read([series('Down', 'firing', [57, 58, 59])], 62)[0]).toHaveProperty('endS', 60);
});

test('one missed evaluation does not make two alerts of it, a pause does', () => {
  expect(read([series('Down', 'firing', [1, 2, 4, 5])])).toHaveLength(1);
  expect(read([series('Down', 'firing', [1, 2, 5, 6])]).map(({ activeS }) => activeS)).toEqual([1, 5]);
});

test('members are alerts of their own, named by their labels', () => {
  const of = (member: string, at: number) => series('Down', 'firing', [at, at + 1], { member, job: 'a "b"' });
  expect(read([of('b', 3), of('a', 8)]).map(({ labels, activeS }) => [labels, activeS])).toEqual([
    [String.raw`job="a \"b\"", member="b"`, 3],
    [String.raw`job="a \"b\"", member="a"`, 8],
  ]);
});

test('the interval of the rules is read off the samples; with one sample alone it is that of the scrapes', () => {
  expect(read([series('Down', 'firing', [0, 15, 30])], 100)).toEqual([
    { alert: 'Down', labels: '', activeS: 0, firingS: 0, endS: 45 },
  ]);
  expect(read([series('Down', 'firing', [30])])[0]?.endS).toBe(31);
  expect(read([])).toEqual([]);
});
