import { describe, expect, test } from 'vitest';
import {
  type DayInput,
  dailyCosine,
  headroomOf,
  parseCurve,
  simulateDay,
  usualLags,
} from '../../../src/capacity/day.ts';
import { defaultRules } from '../../../src/capacity/hpa.ts';

/** The HPA of the seeds: 3 to 10, CPU 70 %, at most half away a minute after 300 s, doubled or 2 more in 30 s. */
const seeds = {
  minReplicas: 3,
  maxReplicas: 10,
  target: 0.7,
  tolerance: defaultRules.tolerance,
  scaleUp: {
    stabilizationWindowS: 0,
    selectPolicy: 'Max' as const,
    policies: [
      { type: 'Percent' as const, value: 100, periodS: 30 },
      { type: 'Pods' as const, value: 2, periodS: 30 },
    ],
  },
  scaleDown: {
    stabilizationWindowS: 300,
    selectPolicy: 'Max' as const,
    policies: [{ type: 'Percent' as const, value: 50, periodS: 60 }],
  },
};

const day = (curve: DayInput['curve'], change: Partial<DayInput> = {}): DayInput => ({
  curve,
  lengthS: 86_400,
  capacityPerS: 10_000,
  cpuAtCapacity: 1,
  hpa: seeds,
  ...usualLags,
  podHour: 0.5 * 0.04 + 1 * 0.005,
  ...change,
});

describe('the HPA of the seeds', () => {
  test('leaves 1.30 times the load, not the 1.43 that 70 % seems to promise, nor the safety of 1.5', () => {
    expect(headroomOf(seeds)).toBeCloseTo(1.2987, 3);
  });

  test('carries a calm day with a peak of 50,000/s on pods of 10,000/s', () => {
    const result = simulateDay(day(dailyCosine({ lowPerS: 10_000, peakPerS: 50_000 })));
    expect(result.underMinutes).toBe(0);
    expect(result.replicasMax).toBeGreaterThanOrEqual(7);
    expect(result.replicasMax).toBeLessThanOrEqual(8);
  });

  test('is at its end at 10 pods: above 100,000/s nothing helps', () => {
    const result = simulateDay(day(() => 110_000));
    expect(result.replicasMax).toBe(10);
    expect(result.underMinutes).toBe(1440);
    expect(result.itemsAbove).toBe(10_000 * 86_400);
  });

  test('does nothing at 76 % CPU, and something at 78 %', () => {
    expect(simulateDay(day(() => 76_000 * 0.9, { hpa: { ...seeds, minReplicas: 9 } })).replicasMax).toBe(9);
    const more = simulateDay(day(() => 78_000 * 0.9, { hpa: { ...seeds, minReplicas: 9 } }));
    expect(more.replicasMax).toBe(10);
  });

  test('a step to twice the load is late by metric, turn and start', () => {
    const step = (atS: number) => (atS < 3600 ? 20_000 : 40_000);
    const { underMinutes } = simulateDay(day(step, { lengthS: 7200 }));
    expect(underMinutes * 60).toBeGreaterThanOrEqual(
      usualLags.metricLagS + usualLags.startLagS - usualLags.turnS,
    );
    expect(underMinutes * 60).toBeLessThanOrEqual(
      usualLags.metricLagS + usualLags.startLagS + 2 * usualLags.turnS,
    );
    expect(
      simulateDay(day(step, { lengthS: 7200, metricLagS: 0, startLagS: 0 })).underMinutes * 60,
    ).toBeLessThan(16);
  });
});

test('cost: a pod of 500m and 1 GiB at 10,000/s all day, at 0.04 a core and 0.005 a GiB an hour', () => {
  const hpa = { ...seeds, minReplicas: 1, maxReplicas: 1 };
  const { costPerMillion, podHours, items } = simulateDay(day(() => 10_000, { hpa }));
  expect([podHours, items]).toEqual([24, 864e6]);
  expect(costPerMillion).toBeCloseTo(0.025 / 36, 9);
  expect(simulateDay(day(() => 0, { hpa })).costPerMillion).toBe(null);
});

describe('a curve from CSV', () => {
  test('has straight lines between its points, and keeps its last value', () => {
    const curve = parseCurve('s,items/s\n0,100\n10,200\n20,0\n');
    expect([0, 5, 10, 15, 20, 99].map((at) => curve?.(at))).toEqual([100, 150, 200, 100, 0, 0]);
  });
  test('without a point is none', () => {
    expect(parseCurve('when,what\n')).toBe(undefined);
  });
});
