import { expect, test } from 'vitest';
import { studyOf } from '../../../src/run/capacity-study.ts';
import { trialScenario } from '../../../src/run/capacity-trial.ts';
import type { Scenario } from '../../../src/scenario/types.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const { scenario } = parseText(
  scenarioText({
    target:
      '{local: {members: {gateway: {replicas: 1, sendsTo: centre, resources: {cpu: 500m}}, centre: {replicas: 2}}}}',
    faults:
      '[{name: slow, kind: backend-outage, action: slow, at: 1s, duration: 1s}, {name: kill, kind: container-kill, at: 2s, selector: {member: gateway}}]',
    capacity: '{vary: spans, rate: {min: 500, max: 20000}, peak: 3000, replicas: [2, 3], underFault: [slow]}',
  }),
);
const { capacity } = scenario;
if (capacity === undefined) throw new Error('the scenario has a capacity block');

function trial(variant?: { pods?: number; fault?: string }): Scenario {
  const order = {
    purpose: 'study' as const,
    ratePerS: 2500,
    measureS: 20,
    ...(variant === undefined ? {} : { variant: { name: 'v', ...variant } }),
  };
  if (capacity === undefined) throw new Error('the scenario has a capacity block');
  return trialScenario(scenario, capacity, { order, times: { warmupMs: 10_000, measureMs: 20_000 } });
}

const replicas = ({ target }: Scenario) =>
  target.kind === 'local' ? Object.entries(target.members).map(([name, one]) => [name, one.replicas]) : [];

test('the members that the load enters are as many as the variant says, those behind them stay', () => {
  expect(replicas(trial())).toEqual([
    ['gateway', 1],
    ['centre', 2],
  ]);
  expect(replicas(trial({ pods: 3 }))).toEqual([
    ['gateway', 3],
    ['centre', 2],
  ]);
});

test('the fault of the variant lasts from the first item to the last, and no other one strikes', () => {
  expect(trial().faults).toEqual([]);
  expect(trial({ fault: 'slow' }).faults).toMatchObject([{ name: 'slow', atMs: 0, durationMs: 30_000 }]);
  const [kill, ...others] = trial({ fault: 'kill' }).faults;
  expect(kill).toMatchObject({ name: 'kill', atMs: 0 });
  expect(kill).not.toHaveProperty('durationMs');
  expect(others).toEqual([]);
});

test('replicas that this machine has no cores for are not run', () => {
  const study = studyOf(scenario, capacity, { pods: 1, workload: { name: 'gateway', cpuMillis: 500_000 } });
  expect(study).toMatchObject({ podsMax: 1, podsReason: expect.stringMatching(/^500000m CPU each/) });
  const unlimited = studyOf(scenario, capacity, { pods: 1, workload: { name: 'gateway' } });
  expect(unlimited).toMatchObject({ podsMax: 1, podsReason: 'they have no CPU limit to count with' });
});

test('a scenario that asks for nothing beyond the search has no study', () => {
  const { peakPerS: _, ...rest } = capacity;
  const plain = { ...rest, replicas: [], underFault: [], factors: [] };
  expect(studyOf(scenario, plain, { pods: 1, workload: { name: 'gateway' } })).toBeUndefined();
});
