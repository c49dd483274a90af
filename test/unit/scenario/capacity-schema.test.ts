import { describe, expect, test } from 'vitest';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const block = (text: string, more: Record<string, string> = {}) =>
  scenarioText({ capacity: `{${text}}`, ...more });

test('a capacity block has every default filled in', () => {
  const { scenario } = parseText(block('vary: spans, rate: {min: 500, max: 20000}, width: 5%, peak: 50000'));
  expect(scenario.capacity).toEqual({
    vary: 'spans',
    minPerS: 500,
    maxPerS: 20_000,
    width: 0.05,
    budgetMs: 45 * 60_000,
    trialMs: 60_000,
    peakPerS: 50_000,
    safetyFactor: 1.5,
    tolerateLoss: 1,
    minReplicas: 1,
    replicas: [],
    underFault: [],
    factors: [],
  });
});

test('faults are named alone or with replicas, settings as --set has them, and a claim is to be judged', () => {
  const faults = '[{name: slow, kind: backend-outage, action: slow, at: 1s, duration: 2s}]';
  const text = block(
    'vary: spans, rate: {min: 5, max: 9}, underFault: [slow, {fault: slow, replicas: 3}], factors: {load.spans.batch: [100, 512]}, claim: 10000',
    { faults },
  );
  expect(parseText(text).scenario.capacity).toMatchObject({
    underFault: [{ fault: 'slow' }, { fault: 'slow', replicas: 3 }],
    factors: [{ path: 'load.spans.batch', values: ['100', '512'] }],
    claimPerS: 10_000,
  });
});

describe('mistakes', () => {
  const right = 'vary: spans, rate: {min: 500, max: 20000}';
  const ramp = '{spans: {signal: traces, executor: shared-iterations, iterations: 5, maxDuration: 1s}}';
  test.each([
    [
      'another entry',
      'vary: span, rate: {min: 5, max: 9}',
      {},
      'capacity.vary names no load entry',
      'write spans',
    ],
    [
      'no range',
      'vary: spans, rate: {min: 9, max: 9}',
      {},
      'there is nothing to search between these rates',
      '',
    ],
    [
      'a width of nothing',
      `${right}, width: 0`,
      {},
      'no search can be this exact, or the answer says too little',
      '',
    ],
    [
      'a trial longer than its budget',
      `${right}, trial: 2m, budget: 1m`,
      {},
      'a trial has no such length',
      '',
    ],
    ['a load that is not steady', right, { load: ramp }, /spans is none$/, 'constant-arrival-rate'],
    [
      'a fault that is not there',
      `${right}, underFault: [slaw]`,
      { faults: '[{name: slow, kind: backend-outage, action: slow, at: 1s, duration: 2s}]' },
      'capacity.underFault names no fault of the scenario',
      'write slow',
    ],
    [
      'more settings than a small comparison has',
      `${right}, factors: {a: [1, 2], b: [1, 2], c: [1, 2], d: [1, 2], e: [1, 2]}`,
      {},
      'so many settings are no small comparison',
      '',
    ],
    [
      'more than may be sent',
      right,
      { limits: '{itemsPerS: 15000, items: 1000000}' },
      'the search would offer more than the limit',
      'raise limits.itemsPerS, or lower capacity.rate.max',
    ],
    ['no entry at all', 'rate: {min: 5, max: 9}', {}, /capacity.vary is missing/, ''],
    ['a negative peak', `${right}, peak: -5`, {}, 'capacity.peak has a wrong value', ''],
    ['an unknown field', `${right}, width_: 3`, {}, /capacity.width_ is not a field/, 'width'],
  ])('%s', (_name, text, more, what, next) => {
    const [mistake, ...others] = mistakesOf(() => parseText(block(text, more)));
    expect(others).toEqual([]);
    expect(mistake?.what).toMatch(what);
    expect(mistake?.next).toContain(next);
    expect(mistake?.where).toMatch(/^test.yaml:\d+:\d+$/);
  });
});
