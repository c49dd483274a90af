import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drillTimes } from '../../../src/scenario/drill-times.ts';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const dir = mkdtempSync(join(tmpdir(), 'squall-drill-'));
const rules = join(dir, 'rules.yaml');
writeFileSync(rules, 'groups: [{name: a, rules: [{alert: ExportFails, expr: up}, {record: r, expr: up}]}]');
const load = (duration: string) =>
  `{spans: {signal: traces, executor: constant-arrival-rate, rate: 100, duration: ${duration}}}`;
const right = {
  target: `{local: {members: {collector: {}}, rules: ${rules}}}`,
  load: load('20m'),
  faults:
    '[{name: outage, kind: backend-outage, duration: 15s, action: refuse}, {name: crash, kind: container-kill}]',
  drill: `[{suspend: Ready?, deadline: 5m, runbook: here}, {fault: outage},
    {expect: {alert: ExportFails, firesWithin: 15s, resolvesWithin: 30s}}, {fault: crash}]`,
};
const text = (more: Partial<Record<string, string>> = {}) => scenarioText({ ...right, ...more });

test('steps in order, an alert is of the fault before it, faults begin when all deadlines before them are over', () => {
  const { scenario } = parseText(text({ warmup: '5s' }));
  expect(scenario.drill).toEqual([
    { kind: 'suspend', question: 'Ready?', deadlineMs: 300_000, runbook: 'here' },
    { kind: 'fault', fault: 'outage' },
    {
      kind: 'expect',
      fault: 'outage',
      alert: 'ExportFails',
      firesWithinMs: 15_000,
      resolvesWithinMs: 30_000,
    },
    { kind: 'fault', fault: 'crash' },
  ]);
  // 5 s and 5 min, and 5 s in which the rules are evaluated; then the minute in which an outage may be put in place and the two in which it is shown gone, 30 s to
  // resolve and 5 s to see it.
  expect(scenario.faults.map(({ atMs }) => atMs)).toEqual([310_000, 310_000 + 180_000 + 35_000 + 5_000]);
});

test('a drill lasts as long as its deadlines, faults and alerts may take, one after the other', () => {
  const times = (fires: number, resolves?: number, { slowMs = 10_000, everyMs = 1000 } = {}) =>
    drillTimes(
      [
        { kind: 'suspend', question: '?', deadlineMs: 1000 },
        { kind: 'fault', fault: 'a' },
        {
          kind: 'expect',
          fault: 'a',
          alert: 'A',
          firesWithinMs: fires,
          ...(resolves === undefined ? {} : { resolvesWithinMs: resolves }),
        },
      ],
      {
        fromMs: 500,
        durationMs: () => 60_000,
        strokeMs: () => ({ effectMs: 1000, absenceMs: slowMs }),
        everyMs,
      },
    ).endMs;
  expect(times(1000)).toBe(1500 + 5000 + 60_000 + 30_000 + 10_000);
  expect(times(200_000)).toBe(1500 + 5000 + 205_000 + 10_000);
  expect(times(1000, 20_000)).toBe(1500 + 5000 + 60_000 + 30_000 + 25_000 + 10_000);
  // A kind that takes its time to be gone, at most ten minutes; a Prometheus that evaluates its rules once a minute.
  expect(times(1000, undefined, { slowMs: 120_000 })).toBe(1500 + 5000 + 60_000 + 120_000 + 10_000);
  expect(times(1000, undefined, { slowMs: 1e9 })).toBe(1500 + 5000 + 60_000 + 600_000 + 10_000);
  expect(times(1000, 20_000, { everyMs: 60_000 })).toBe(1500 + 240_000 + 60_000 + 30_000 + 260_000 + 10_000);
});

describe('mistakes', () => {
  const expectStep = '{expect: {alert: ExportFails, firesWithin: 15s}}';
  const steps = (list: string) => ({ drill: `[${list}]` });
  const both = '{fault: outage}, {fault: crash}';
  test.each<[string, Partial<Record<string, string>>, string[]]>([
    ['no list', { drill: '{}' }, ['drill has a wrong value']],
    ['no step', steps(`${both}, {faults: outage}`), ['drill[2] is no step of a drill']],
    ['no deadline', steps(`{suspend: Ready?}, ${both}`), ['drill[0].deadline is missing']],
    ['no such fault', steps(`${both}, {fault: outrage}`), ['the drill names no fault of the scenario']],
    ['a fault twice', steps(`${both}, {fault: crash}`), ['a fault is done once']],
    ['a fault left out', steps('{fault: outage}'), ['no step of the drill begins the fault crash']],
    [
      'a time of its own',
      { faults: '[{name: crash, kind: container-kill, at: 3s}]', ...steps('{fault: crash}') },
      ['the steps of the drill say when a fault begins'],
    ],
    [
      'an alert of nothing',
      steps(`${expectStep}, ${both}`),
      ['no fault stands before this step: an alert is expected of one'],
    ],
    [
      'an alert that no rule has',
      steps(`${both}, {expect: {alert: ExportFailed, firesWithin: 1s}}`),
      ['the rules have no such alert'],
    ],
    [
      'no rules',
      { target: '{local: {members: {collector: {}}}}', ...steps(`${both}, ${expectStep}`) },
      ['there is no Prometheus with alerting rules to ask'],
    ],
    [
      'a load without a pace',
      { load: '{spans: {signal: traces, executor: shared-iterations, iterations: 1000, maxDuration: 1h}}' },
      ['the load may be over before the drill'],
    ],
    ['a short load', { load: load('5m') }, ['the load may be over before the drill']],
    [
      'a search',
      { capacity: '{vary: spans, rate: {min: 1, max: 1000}}' },
      ['a scenario with a drill has no capacity'],
    ],
  ])('%s', (_, more, what) => {
    expect(mistakesOf(() => parseText(text(more))).map((one) => one.what)).toEqual(what);
  });

  test('without a drill a fault must say when', () => {
    const { faults } = right;
    const found = mistakesOf(() => parseText(scenarioText({ faults })));
    expect(found.map(({ what }) => what)).toEqual(['faults[0].at is missing', 'faults[1].at is missing']);
  });

  test('rules that are seldom evaluated take their time, and those of a Prometheus that nobody has asked yet', () => {
    const slow = join(dir, 'slow.yaml');
    writeFileSync(slow, 'groups: [{name: a, interval: 30s, rules: [{alert: ExportFails, expr: up}]}]');
    const needed = (target: string) =>
      mistakesOf(() => parseText(text({ target, load: load('5m') }))).map(({ expected }) => expected)[0];
    // Two faults and an alert that resolves: 115 and 235 s more than where they are evaluated every second.
    expect(needed(`{local: {members: {collector: {}}, rules: ${slow}}}`)).toContain('a load of 16m10s');
    expect(needed('{local: {members: {collector: {}}, prometheus: "http://127.0.0.1:9090"}}')).toContain(
      'a load of 22m10s',
    );
  });

  test('what to do is said', () => {
    const short = mistakesOf(() => parseText(text({ load: load('5m') })))[0];
    expect(short?.expected).toContain('a load of 10m25s');
    const near = mistakesOf(() =>
      parseText(text(steps(`${both}, {expect: {alert: ExportFailed, firesWithin: 1s}}`))),
    )[0];
    expect(near?.next).toBe('write ExportFails');
  });
});
