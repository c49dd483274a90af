import { expect, test } from 'vitest';
import { timelineOf } from '../../../src/report/panels.ts';
import { failReport } from '../../fixtures/report-sample.ts';

const report = failReport();

function latencyOf(changed: Partial<typeof report>) {
  return timelineOf({ ...report, ...changed }).main.find(({ title }) => title === 'Latency');
}

test('a limit is drawn over its own window, and only beside the percentile that it is on', () => {
  expect(latencyOf({})?.limits).toEqual([
    { text: 'p(95)<10ms', value: 10, fromS: 5, toS: 20.004 },
    { text: 'p(99)<50ms', value: 50, fromS: 5, toS: 20.004 },
  ]);
  const { stepS, series } = report.timeline;
  const withoutP95 = series.filter(({ name }) => !name.startsWith('P95'));
  expect(latencyOf({ timeline: { stepS, series: withoutP95 } })?.limits.map(({ value }) => value)).toEqual([
    50,
  ]);
});

test('of several signals a limit says whose it is, and a window without an end goes on to the end', () => {
  const { stepS, series } = report.timeline;
  const logs = series
    .filter(({ unit }) => unit === 'ms')
    .map((one) => ({ ...one, name: one.name.replace('traces', 'logs') }));
  const panel = latencyOf({ timeline: { stepS, series: [...series, ...logs] }, windows: [] });
  expect(panel?.series.map(({ name }) => name)).toEqual(['P95 traces', 'P99 traces', 'P95 logs', 'P99 logs']);
  expect(panel?.limits[0]).toEqual({ text: 'p(95)<10ms traces', value: 10, fromS: 0, toS: 74 });
});
