import { expect, test } from 'vitest';
import { readAlerts } from '../../../src/observe/alerts.ts';
import type { PrometheusSeries } from '../../../src/observe/prometheus.ts';

/** A sample of ALERTS at each of these seconds; t = 0 is 1000 on Prometheus's clock. */
function series(alertname: string, alertstate: string, times: number[], more = {}): PrometheusSeries {
  const labels = { __name__: 'ALERTS', alertname, alertstate, ...more };
  return { labels, points: times.map((at) => [1000 + at, 1]) };
}

const read = (all: PrometheusSeries[], endS = 60, everyS = new Map<string, number>()) =>
  readAlerts(all, {
    toRunS: (at) => at - 1000,
    endServerS: 1000 + endS,
    everyS: (name) => everyS.get(name),
  }).map(({ lastS: _, ...alert }) => alert);

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

test('how often a rule is evaluated is what Prometheus says; else it is read off the samples of its alert alone', () => {
  const slow = series('Slow', 'firing', [0, 30, 60]);
  const both = [slow, series('Down', 'firing', [1, 2, 3])];
  const ends = (everyS?: Map<string, number>) =>
    read(both, 100, everyS).map(({ alert, endS }) => `${alert} ${endS}`);
  expect(ends(new Map([['Slow', 30]]))).toEqual(['Slow undefined', 'Down 4']);
  expect(ends()).toEqual(['Slow undefined', 'Down 4']);
  // One sample of a rule of 30 s: it is not over a second later.
  expect(read([series('Slow', 'firing', [30])], 60, new Map([['Slow', 30]]))[0]).not.toHaveProperty('endS');
  expect(read([series('Slow', 'firing', [30])], 106, new Map([['Slow', 30]]))[0]?.endS).toBe(60);
});

test('an alert is over once its rule was evaluated without it, and not for as long as that fails or is not seen', () => {
  const endOf = (evaluatedS: number | undefined, endS = 60) =>
    readAlerts([series('Down', 'firing', [10, 11, 12])], {
      toRunS: (at) => at - 1000,
      endServerS: 1000 + endS,
      everyS: () => 1,
      evaluatedServerS: () => evaluatedS,
    })[0]?.endS;
  expect(endOf(1013.1, 13.2)).toBe(13);
  expect(endOf(1012.2)).toBeUndefined();
  expect(endOf(Number.NEGATIVE_INFINITY)).toBeUndefined();
  expect(endOf(undefined)).toBe(13);
});

test('the last evaluation with it is kept; what was over before t = 0 is not', () => {
  const alerts = readAlerts([series('Down', 'firing', [-9, -8, 3, 4])], {
    toRunS: (at) => at - 1000,
    endServerS: 1060,
  });
  expect(alerts).toEqual([{ alert: 'Down', labels: '', activeS: 3, firingS: 3, lastS: 4, endS: 5 }]);
});

test('of more than a page holds, those that are asked for by name are kept', () => {
  const many = Array.from({ length: 600 }, (_, i) => series('Noise', 'firing', [1, 2], { i: String(i) }));
  const all = [...many, series('Down', 'firing', [20, 21])];
  const when = { toRunS: (at: number) => at - 1000, endServerS: 1060, keep: new Set(['Down']) };
  const alerts = readAlerts(all, when);
  expect([alerts.length, alerts.at(-1)?.alert]).toEqual([501, 'Down']);
});

test('the interval is read off the samples; with one sample alone it is the default of Prometheus', () => {
  expect(read([series('Down', 'firing', [0, 15, 30])], 100)).toEqual([
    { alert: 'Down', labels: '', activeS: 0, firingS: 0, endS: 45 },
  ]);
  expect(read([series('Down', 'firing', [30])], 200)[0]?.endS).toBe(90);
  expect(read([])).toEqual([]);
});
