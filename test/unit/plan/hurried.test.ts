import { expect, test } from 'vitest';
import { compilePlan } from '../../../src/plan/compile.ts';
import type { PipelineFacts } from '../../../src/plan/facts.ts';
import { hurried } from '../../../src/plan/hurried.ts';
import { predictLoss } from '../../../src/plan/predict.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const facts: PipelineFacts = {
  batchTimeoutMs: 200,
  batchSize: 8192,
  queueSizeBatches: 10_000,
  queuePersistent: false,
  retryEnabled: true,
  retryMaxElapsedMs: 300_000,
  exporterTimeoutMs: 5000,
  lossyComponents: [],
};

const planOf = (more: Record<string, string>) =>
  compilePlan(
    parseText(
      scenarioText({
        load: '{spans: {signal: traces, executor: ramping-arrival-rate, startRate: 0, stages: [{duration: 10m, target: 100}, {duration: 30m, target: 1000}]}}',
        ...more,
      }),
    ).scenario,
    { runId: 'r', seed: 1, epochNs: '0', workers: 1 },
  );
const faults =
  '[{name: outage, kind: backend-outage, duration: 20s, action: refuse}, {name: crash, kind: container-kill}]';

test('the worst of a drill is that of people who answer at once, with all of the load at its peak', () => {
  const plan = planOf({ faults, drill: '[{fault: outage}, {suspend: Now?, deadline: 5m}, {fault: crash}]' });
  const crash = (of: typeof plan) =>
    predictLoss(of, facts).find(({ fault }) => fault === 'crash')?.items ?? 0;
  // 20 s of an outage and what may be on its way, at 1,000/s.
  expect(crash(hurried(plan))).toBeGreaterThanOrEqual(20_000);
  expect(crash(plan)).toBeLessThan(crash(hurried(plan)));
});

test('a plan without a drill is what it says', () => {
  const plan = planOf({ faults: '[{name: crash, kind: container-kill, at: 5m}]' });
  expect(hurried(plan)).toBe(plan);
});
