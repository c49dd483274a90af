import { expect, test } from 'vitest';
import { triesMax } from '../../../src/capacity/search-state.ts';
import { settingsFor } from '../../../src/capacity/settings.ts';
import type { TrialOutcome } from '../../../src/capacity/types.ts';
import type { SearchRecord } from '../../../src/run/capacity-record.ts';
import { type Asked, conditionsOf, continued } from '../../../src/run/capacity-resume.ts';
import { studyOf } from '../../../src/run/capacity-study.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const target = '{local: {members: {gateway: {replicas: 1, resources: {cpu: 100m}}}}}';
const workload = { pods: 1, workload: { name: 'gateway', cpuMillis: 100 } };

const held = '[{measure: items_lost, thresholds: ["count==0"]}]';
const capacity = '{vary: spans, rate: {min: 500, max: 20000}}';

function asked(more: string, budgetS = 600): Asked {
  const text = scenarioText({ target, capacity: `{vary: spans, rate: {min: 500, max: 20000}${more}}` });
  const { scenario } = parseText(text);
  if (scenario.capacity === undefined) throw new Error('the scenario has a capacity block');
  const study = studyOf(scenario, scenario.capacity, workload);
  const { name, capacity } = scenario;
  const conditions = conditionsOf(scenario, {});
  return { scenario: name, conditions, capacity, budgetS, ...(study === undefined ? {} : { study }) };
}

const trial = (name: string, more: Partial<TrialOutcome> = {}) => ({
  name,
  outcome: {
    purpose: 'classify' as const,
    ratePerS: 1000,
    measureS: 20,
    status: 'pass' as const,
    reason: '',
    goals: [],
    costS: 30,
    ...more,
  },
});
const demand = { name: 'the peak on 3 replicas', pods: 3 };

function record({ scenario, conditions, capacity, study }: Asked): SearchRecord {
  const question = { minPerS: 500, maxPerS: 20_000, width: 0.05, budgetS: 600, trialS: 30 };
  const settings = settingsFor('quick', {
    ...question,
    overheadS: 18,
    generatorPerS: 1e6,
    batch: 1,
    seed: 1,
  });
  const head = {
    schema: 'squall.capacity/v1' as const,
    settings,
    capacity,
    pace: 'quick',
    generatorPerS: 1e6,
    warmupMs: 10_000,
    ...workload,
    conditions,
    ...(study === undefined ? {} : { study }),
    scenario,
    description: '',
    command: 'squall capacity x.yaml',
    runId: 'x',
    startedAt: '2026-01-01T00:00:00.000Z',
  };
  // As it is read from its file.
  return JSON.parse(JSON.stringify({ head, trials: [trial('001'), trial('002', { variant: demand })] }));
}

test('the same question goes on with all of its trials and the budget of now', () => {
  const former = record(asked(', peak: 3000'));
  const { head, trials } = continued(former, asked(', peak: 3000', 900), '/x');
  expect(trials).toEqual(former.trials);
  expect(head).toEqual({ ...former.head, settings: { ...former.head.settings, budgetS: 900 } });
});

test('another peak keeps the search, and none of the trials that answered the former peak', () => {
  const { head, trials } = continued(record(asked(', peak: 3000')), asked(', peak: 4000'), '/x');
  expect(trials.map(({ name }) => name)).toEqual(['001']);
  expect([head.study?.sizing?.peakPerS, head.capacity.peakPerS]).toEqual([4000, 4000]);
});

test('who asks for nothing beyond the search has no study any more', () => {
  const { head, trials } = continued(record(asked(', peak: 3000')), asked(''), '/x');
  expect([head.study, trials.length]).toEqual([undefined, 1]);
});

test('invalid trials that ended a search are run anew, and those that it outlived stay', () => {
  const former = record(asked(''));
  const invalid = { status: 'invalid' as const };
  const ended = Array.from({ length: triesMax }, (_, i) => trial(`00${i + 3}`, invalid));
  former.trials = [trial('001', invalid), trial('002'), ...ended];
  const left = () => continued(former, asked(''), '/x').trials.map(({ name }) => name);
  expect(left()).toEqual(['001', '002']);
  // Stopped in the midst of its tries, or by its budget: what was tried is not tried again.
  former.trials.pop();
  expect(left()).toHaveLength(triesMax + 1);
});

test('room for one trial at least', () => {
  const { head } = continued(record(asked('')), asked('', 1), '/x');
  expect(head.settings.budgetS).toBe(head.settings.fullS + head.settings.overheadS);
});

test('a scenario that was changed since is not gone on with: another limit, load, SLO or collector configuration', () => {
  const { conditions } = asked('');
  const { scenario } = parseText(scenarioText({ target, capacity }));
  expect(conditionsOf(scenario, {})).toBe(conditions);
  const others = [
    conditionsOf(parseText(scenarioText({ target: target.replace('100m', '200m'), capacity })).scenario, {}),
    conditionsOf(parseText(scenarioText({ target, capacity, slos: held })).scenario, {}),
    conditionsOf({ ...scenario, load: {} }, {}),
    conditionsOf(scenario, { gateway: 'receivers: {}' }),
  ];
  for (const other of others)
    expect(() => continued(record(asked('')), { ...asked(''), conditions: other }, '/x')).toThrow(
      'no longer the one that was searched',
    );
});

test('another search is not gone on with', () => {
  for (const other of [', width: 3%', ', trial: 10s'])
    expect(() => continued(record(asked('')), asked(other), '/x')).toThrow('asks another question');
  expect(() => continued(record(asked('')), { ...asked(''), scenario: 'another' }, '/x')).toThrow(
    'asks another question',
  );
});
