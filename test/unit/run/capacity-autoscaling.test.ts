import { expect, test } from 'vitest';
import { sizeReplicas } from '../../../src/capacity/sizing.ts';
import type { SearchResult } from '../../../src/capacity/types.ts';
import { autoscalingOf } from '../../../src/run/capacity-autoscaling.ts';
import type { SearchRecord } from '../../../src/run/capacity-record.ts';

const capacity = {
  replicas: [],
  underFault: [],
  factors: [],
  vary: 'spans',
  minPerS: 1000,
  maxPerS: 40_000,
  width: 0.025,
  budgetMs: 1,
  trialMs: 1,
  peakPerS: 50_000,
  safetyFactor: 1.5,
  tolerateLoss: 1,
  minReplicas: 3,
  hpa: { minReplicas: 3, maxReplicas: 10, cpuTarget: 0.7 },
  dayLowPerS: 10_000,
  prices: { cpuHour: 0.04, gibHour: 0.005, date: '2026-11-21' },
};

const result: SearchResult = {
  kind: 'found',
  lowerPerS: 10_000,
  upperPerS: 10_250,
  reason: '',
  binding: null,
  width: 0.025,
  noise: 0,
  confirmation: null,
  goals: [],
  passedAbovePerS: [],
  spentS: 0,
};

function search(cpuSPerMillion: number): SearchRecord {
  const order = { purpose: 'below' as const, ratePerS: 10_000, measureS: 60 };
  const outcome = { ...order, status: 'pass' as const, reason: '', goals: [], costS: 80, cpuSPerMillion };
  return {
    head: {
      schema: 'squall.capacity/v1',
      settings: {
        minPerS: 1000,
        maxPerS: 40_000,
        maxReason: '',
        width: 0.025,
        budgetS: 1,
        shortS: 10,
        fullS: 60,
        overheadS: 20,
        confirmBelow: 5,
        confirmAbove: 2,
        seed: 1,
      },
      capacity,
      pace: 'standard',
      generatorPerS: 1e6,
      warmupMs: 15_000,
      workload: { name: 'gateway', cpuMillis: 500, memoryBytes: 2 ** 30 },
      pods: 1,
      scenario: 's',
      description: '',
      command: '',
      runId: 'r',
      startedAt: '',
    },
    trials: [{ name: '001', outcome }],
  };
}

test('judges the HPA of the seeds and says what follows from the capacity instead', () => {
  const sizing = sizeReplicas({ ...capacity, capacityPerS: result.lowerPerS });
  // 50 CPU seconds per million items at 10,000/s: half a core, all of the request.
  const { facts, manifests } = autoscalingOf(search(50), result, sizing);
  const value = (name: string) => facts.find((one) => one.name.startsWith(name))?.value;
  expect(value('CPU at capacity')).toBe('100 % of the request');
  expect(value('HPA as named, 70 %')).toBe(
    'nothing happens below 77 % CPU, so it leaves 1.3 times the load, less than the 1.5 asked for; past its end above 77,000 items/s',
  );
  expect(value('HPA that follows, 60 %')).toContain('leaves 1.52 times the load, as asked for');
  expect(value('a day with it')).toMatch(
    /^never too few pods; \d+ pod hours, at most [78] pods, 0\.00\d+ per million/,
  );
  expect(manifests).toContain('averageUtilization: 60');
  // Latency broke before the CPU did: an HPA on CPU must act earlier still.
  const early = autoscalingOf(search(40), result, sizing);
  expect(early.facts[0]?.value).toBe('80 % of the request');
  expect(early.manifests).toContain('averageUtilization: 48');
});
