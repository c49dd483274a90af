import { expect, test } from 'vitest';
import { alertIntervals, evaluatedAlerts, readRules } from '../../../src/observe/rules.ts';

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

test('how often alerts are evaluated, the slowest of a name, and which were at least once', () => {
  const at = (lastEvaluation: string) => ({ lastEvaluation });
  const groups = [
    { name: 'fast', interval: 1, rules: [alerting('Down', at('2026-11-23T00:00:00Z')), recording] },
    {
      name: 'slow',
      interval: 30,
      rules: [
        alerting('Down', at('0001-01-01T00:00:00Z')),
        alerting('Full', at('2026-11-23T00:00:00Z')),
        alerting('New'),
      ],
    },
  ];
  expect([...(alertIntervals({ groups }) ?? [])]).toEqual([
    ['Down', 30],
    ['Full', 30],
    ['New', 30],
  ]);
  expect([...evaluatedAlerts({ groups })]).toEqual(['Full']);
  expect([alertIntervals(null), evaluatedAlerts(null).size]).toEqual([undefined, 0]);
});

test('what has another form is left out, never guessed', () => {
  expect(readRules(null, new Set())).toBeUndefined();
  expect(readRules({ groups: 'none' }, new Set())).toBeUndefined();
  expect(readRules(data({ type: 'other' }, 7), new Set())).toEqual([]);
});
