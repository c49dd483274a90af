import { expect, test } from 'vitest';
import { alertRows, faultFigures } from '../../../src/report/fault-words.ts';
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
