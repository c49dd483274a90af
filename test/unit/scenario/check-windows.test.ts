import { expect, test } from 'vitest';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const executor = 'signal: traces, executor: ramping-arrival-rate, startRate: 100';
const stages = '[{duration: 5s, target: 100, name: first}, {duration: 55s, target: 100, name: rest}]';
const late = 'late: {signal: logs, executor: constant-arrival-rate, rate: 10, startTime: 2s, duration: 3s}';

/** 60 s of load with a warmup of 5 s, and faults at its start, at its end and in between. */
function withSlo(measure: string, window: string): string {
  const threshold = measure.startsWith('items') ? 'count==0' : 'p(95)<1s';
  return scenarioText({
    warmup: '5s',
    load: `{spans: {${executor}, stages: ${stages}}, ${late}}`,
    faults: `[
      {name: early, kind: container-pause, at: 1s, duration: 4s},
      {name: edge, kind: backend-outage, at: 5s, duration: 1s, action: refuse},
      {name: kill, kind: container-kill, at: 30s},
      {name: last, kind: network-partition, at: 50s, duration: 10s, peer: sink}]`,
    slos: `[{measure: "${measure}", thresholds: ["${threshold}"], window: "${window}"}]`,
  });
}

test.each([
  ['before:edge', /^let edge begin after the warmup/],
  ['before:early', /^let early begin after the warmup/],
  ['during:early', 'shorten warmup'],
  ['after:last', /^let last begin earlier/],
  ['spans/first', /^shorten warmup/],
  ['late', /^shorten warmup/],
])('a window that holds nothing by the plan is refused: %s', (window, next) => {
  const [mistake, ...others] = mistakesOf(() => parseText(withSlo('ack_duration', window)));
  expect(others).toEqual([]);
  expect(mistake).toMatchObject({
    code: 'SQ-SCENARIO-INVALID',
    what: `the window ${window} holds nothing by the plan`,
    next: typeof next === 'string' ? next : expect.stringMatching(next),
  });
});

test.each([
  'run',
  'spans',
  'spans/rest',
  'before:kill',
  'during:kill',
  'after:kill',
  'during:edge',
  'before:last',
])('one that holds something is not: %s', (window) => {
  expect(() => parseText(withSlo('ack_duration', window))).not.toThrow();
});

test('counts of the ledger reach back into the warmup', () => {
  for (const window of ['before:early', 'during:early', 'spans/first'])
    expect(() => parseText(withSlo('items_lost', window))).not.toThrow();
  expect(mistakesOf(() => parseText(withSlo('items_lost', 'after:last')))).toHaveLength(1);
});
