import { expect, test } from 'vitest';
import { alertRows, endedRows, faultFigures, waitRows } from '../../../src/report/fault-words.ts';
import type { FaultResult } from '../../../src/report/types.ts';
import { failReport } from '../../fixtures/report-sample.ts';

function kill(more: Partial<FaultResult> = {}): FaultResult {
  const [fault] = failReport().faults;
  if (fault === undefined) throw new Error('the sample lost its fault');
  const { alerts: _, retries: __, ...rest } = fault;
  return { ...rest, observed: { injectedS: 20, recoveredS: 22.5 }, ...more };
}

const figures = (fault: FaultResult) =>
  Object.fromEntries(faultFigures(fault).map(({ label, value, detail }) => [label, [value, detail]]));
const alert = { alert: 'Down', labels: '', activeS: 21, firingS: 23.2, resolvedS: null };

test('time to detect is from the injection to the first alert that fires', () => {
  const late = { ...alert, alert: 'Late', activeS: 20.5, firingS: 30 };
  expect(figures(kill({ alerts: [late, alert] }))['time to detect']).toEqual(['3.2 s', 'Down fires']);
});

test.each([
  ['no rule is known', undefined, ['not asked', 'no alert rule is known']],
  ['rules that saw nothing', [], ['no alert', 'none became pending or fired']],
  ['pending alone', [{ ...alert, firingS: null }], ['no alert', 'Down was pending and never fired']],
])('%s', (_, alerts, told) => {
  expect(figures(kill(alerts === undefined ? {} : { alerts }))['time to detect']).toEqual(told);
});

test('recovery, loss and retries', () => {
  const retries = { requests: 1500, retried: 30, retries: 71 };
  expect(figures(kill({ retries, lost: 1200 }))).toMatchObject({
    'time to recover': ['2.5 s', 'from its injection'],
    'items lost': ['1,200', 'predicted: at most 60,480'],
    'our own retries': ['71', '30 of 1,500 requests sent again'],
  });
});

test('a fault that was never injected recovered from nothing and was detected by nothing', () => {
  const never = kill({ observed: { injectedS: null, recoveredS: null }, alerts: [alert] });
  expect(figures(never)).toMatchObject({
    'time to detect': ['not asked', 'no alert rule is known'],
    'time to recover': ['not injected', ''],
    'our own retries': ['not known', ''],
  });
});

test('alerts stand with their times since the injection', () => {
  const instant = { ...alert, activeS: 21, firingS: 21, resolvedS: 40 };
  expect(alertRows(kill({ alerts: [alert, instant, { ...alert, firingS: null }] }))).toEqual([
    { alert: 'Down', labels: '', pending: '+1 s', firing: '+3.2 s', resolved: 'not by the end' },
    { alert: 'Down', labels: '', pending: '', firing: '+1 s', resolved: '+20 s' },
    { alert: 'Down', labels: '', pending: '+1 s', firing: 'never', resolved: 'not by the end' },
  ]);
});

test('a wait is told from the injection on, with its length and its end', () => {
  const wait = { pod: 'otel/b', budget: 'gateway', why: 'has 2', fromS: 21, lengthS: 4, evicted: true };
  const rows = waitRows(kill({ waits: [wait, { ...wait, lengthS: null, evicted: false }] }));
  expect(rows.map(({ from, length, end }) => [from, length, end])).toEqual([
    ['+1 s', '4 s', 'evicted'],
    ['+1 s', 'end not seen', 'kept'],
  ]);
  expect(waitRows(kill())).toEqual([]);
});

test('a pod that ended: when, how, and what it held when it last answered', () => {
  const pod = {
    pod: 'otel/b',
    node: 'w',
    endingS: 21,
    graceS: 45,
    goneS: 23,
    held: { items: 1200, atS: 22.5 },
  };
  const rows = endedRows(
    kill({
      ended: [
        pod,
        { ...pod, goneS: 67, held: null },
        { ...pod, endingS: null, goneS: null },
        { ...pod, goneS: null },
      ],
    }),
  );
  expect(rows.map(({ told, gone, how, items, before }) => [told, gone, how, `${items} ${before}`])).toEqual([
    ['+1 s', '+3 s', 'by itself, after 2 s of 45 s of grace', '1,200 items 0.5 s before its end'],
    ['+1 s', '+47 s', 'killed after its 45 s of grace', 'not known it never answered'],
    ['', '', 'it stayed', '1,200 items '],
    ['+1 s', '', 'not seen to be gone', '1,200 items '],
  ]);
});
