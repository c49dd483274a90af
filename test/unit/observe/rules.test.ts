import { expect, test } from 'vitest';
import { activeNow, intervalS, isEvaluated } from '../../../src/observe/ask-alerts.ts';
import { alertingRules, readRules } from '../../../src/observe/rules.ts';

/** As Prometheus 3 answers /api/v1/rules, with what is not read left in. */
function alerting(name: string, more = {}): object {
  const rule = { type: 'alerting', name, query: `${name} > 0`, duration: 30, labels: { severity: 'page' } };
  return { ...rule, state: 'inactive', health: 'ok', alerts: [], ...more };
}
const recording = { type: 'recording', name: 'job:up:sum', query: 'sum(up)', health: 'ok' };
const data = (...rules: unknown[]) => ({ groups: [{ name: 'own', interval: 15, rules }] });

test('alerting and recording rules, with the time for which they must hold and why they failed', () => {
  const failing = alerting('Down', { duration: 0, lastError: 'query timed out' });
  const base = { group: 'own', labels: { severity: 'page' } };
  expect(readRules(data(alerting('Slow'), failing, recording), new Set())).toEqual([
    { ...base, kind: 'alert', name: 'Slow', expr: 'Slow > 0', forS: 30 },
    { ...base, kind: 'alert', name: 'Down', expr: 'Down > 0', error: 'query timed out' },
    { group: 'own', kind: 'record', name: 'job:up:sum', expr: 'sum(up)', labels: {} },
  ]);
});

test('of more than a page holds, those that were active come first', () => {
  const many = Array.from({ length: 300 }, (_, i) => alerting(`A${i}`));
  const read = readRules(data(...many), new Set(['A290', 'A7']));
  expect(read).toHaveLength(100);
  expect(read?.slice(0, 3).map(({ name }) => name)).toEqual(['A7', 'A290', 'A0']);
});

test('how often alerts are evaluated, the slowest of a name, when they were last and what of them is active', () => {
  const at = (lastEvaluation: string, more = {}) => ({ lastEvaluation, ...more });
  const labels = { alertname: 'Down', member: 'a' };
  const groups = [
    {
      name: 'fast',
      interval: 1,
      rules: [alerting('Down', at('1970-01-01T00:00:09Z', { alerts: [{ labels }] })), recording],
    },
    {
      name: 'slow',
      interval: 30,
      rules: [alerting('Down', at('0001-01-01T00:00:00Z', { lastError: 'x' })), alerting('New')],
    },
  ];
  const evaluations = { rules: { groups }, alerting: alertingRules({ groups }), startedMs: 0 };
  expect(
    [...(evaluations.alerting?.keys() ?? [])].map((name) => [name, intervalS(evaluations, name)]),
  ).toEqual([
    ['Down', 30],
    ['New', 30],
  ]);
  expect(evaluations.alerting?.get('Down')).toEqual([
    { lastEvaluationMs: 9000, everyS: 1, labels: [labels], failed: false },
    { lastEvaluationMs: undefined, everyS: 30, labels: [], failed: true },
  ]);
  const none = { rules: null, alerting: alertingRules(null), startedMs: 0 };
  expect([none.alerting, intervalS(none, 'Down'), activeNow(none, 'Down')]).toEqual([
    undefined,
    undefined,
    [],
  ]);
});

test('an alert can be seen from the third evaluation after the start of Prometheus on', () => {
  const of = (lastEvaluation: string, startedMs: number | undefined) => {
    const rules = { groups: [{ name: 'g', interval: 30, rules: [alerting('Down', { lastEvaluation })] }] };
    return isEvaluated({ rules, alerting: alertingRules(rules), startedMs }, 'Down');
  };
  expect(of('0001-01-01T00:00:00Z', 0)).toBe(false);
  expect(of('1970-01-01T00:01:29Z', 0)).toBe(false);
  expect(of('1970-01-01T00:01:30Z', 0)).toBe(true);
  expect(of('1970-01-01T00:00:01Z', undefined)).toBe(true);
});

test('what has another form is left out, never guessed', () => {
  expect(readRules(null, new Set())).toBeUndefined();
  expect(readRules({ groups: 'none' }, new Set())).toBeUndefined();
  expect(readRules(data({ type: 'other' }, 7), new Set())).toEqual([]);
});
