import { describe, expect, test } from 'vitest';
import { cellsOf, effectsOf, setsOf } from '../../../src/capacity/factorial.ts';
import { nextStep } from '../../../src/capacity/search.ts';
import { fullLength } from '../../../src/capacity/search-state.ts';
import { type StudySettings, studyTrials } from '../../../src/capacity/study.ts';
import type { SearchSettings, TrialOrder, TrialOutcome } from '../../../src/capacity/types.ts';
import { carriedBy, fitUsl, podsFor } from '../../../src/capacity/usl.ts';

const settings: SearchSettings = {
  minPerS: 100,
  maxPerS: 100_000,
  maxReason: 'asked for',
  width: 0.05,
  budgetS: 3600,
  shortS: 5,
  fullS: 20,
  overheadS: 10,
  confirmBelow: 3,
  confirmAbove: 2,
  seed: 1,
};
const factors = [
  { path: 'load.spans.batch', values: ['100', '512'] as const },
  { path: 'env.GOMEMLIMIT', values: ['off', '800MiB'] as const },
];
const wanted: StudySettings = {
  pods: 1,
  replicas: [2, 3],
  podsMax: 4,
  podsReason: 'two cores',
  faults: [{ fault: 'slow' }],
  factors,
  sizing: { peakPerS: 20_000, safetyFactor: 1.5, tolerateLoss: 1, minReplicas: 1 },
};

interface World {
  /** Items per second that one replica carries. */
  onePerS: number;
  /** Share of perfect growth at so many replicas. */
  efficiency(pods: number): number;
  slow: number;
  /** Of what one replica carries: at rates between these no trial under a fault is clear. */
  unclear?: [number, number];
}
const world: World = { onePerS: 10_000, efficiency: () => 1, slow: 0.4 };

/** The trial without chance: it passes below the capacity, and CPU per item is what the settings make of it. */
function run(order: TrialOrder, { onePerS, efficiency, slow, unclear = [0, 0] }: World): TrialOutcome {
  const { pods = 1, fault, sets = [] } = order.variant ?? {};
  const cheaper = sets.includes('load.spans.batch=512') ? 0.8 : 1;
  const carried = (pods * onePerS * efficiency(pods) * (fault === undefined ? 1 : slow)) / cheaper;
  const open = order.ratePerS >= unclear[0] * onePerS && order.ratePerS <= unclear[1] * onePerS;
  const clear = order.ratePerS <= carried ? 'pass' : 'fail';
  const status = fault !== undefined && open ? 'unknown' : clear;
  return { ...order, status, reason: '', goals: [], costS: 30, cpuSPerMillion: 50 * cheaper };
}

function runAll(study: StudySettings, target: World) {
  const outcomes: TrialOutcome[] = [];
  for (;;) {
    const step = nextStep(settings, outcomes, study);
    if (step.kind === 'done') return { ...step, outcomes };
    outcomes.push(run(step.order, target));
  }
}

describe('a study after a search', () => {
  const { result, study, outcomes } = runAll(wanted, world);

  test('replicas that carry as many times as much need one trial each', () => {
    expect(result.kind).toBe('found');
    expect(study?.scaling.map(({ pods, efficiency }) => [pods, efficiency[0]])).toEqual([
      [2, expect.closeTo(1, 3)],
      [3, expect.closeTo(1, 3)],
    ]);
    expect(study?.usl).toBeNull();
  });

  test('replicas are recommended once as many of them carried the peak', () => {
    expect(study?.sizing).toMatchObject({ replicas: 4, word: 'recommended' });
    expect(study?.demand).toEqual({ pods: 4, ratePerS: 20_000, passed: true });
    expect(outcomes.filter(({ variant }) => variant?.pods === 4)).toHaveLength(1);
  });

  test('where it stays open whether a rate holds, a lower one is tried until one does', () => {
    const open = runAll(wanted, { ...world, unclear: [0.4, 0.6] });
    const [slow] = open.study?.underFault ?? [];
    expect(slow?.lowerPerS).toBeCloseTo((slow?.healthyPerS ?? 0) / 4, -1);
    expect(slow?.upperPerS).toBe(slow?.healthyPerS);
  });

  test('what it carries under a fault is found by halving down and then in between', () => {
    const [slow] = study?.underFault ?? [];
    expect(slow?.lowerPerS).toBeLessThanOrEqual(4000);
    expect(slow?.upperPerS).toBeGreaterThan(4000);
    expect((slow?.upperPerS ?? 0) / (slow?.lowerPerS ?? 1)).toBeLessThan(1.2);
  });

  test('settings: which matters, what it gives, and what to set', () => {
    expect(study?.factors?.cells).toHaveLength(4);
    const [batch, memory] = study?.factors?.effects ?? [];
    expect(batch?.ratio).toBeCloseTo(0.8);
    expect(batch?.choose).toBe('512');
    expect(memory).not.toHaveProperty('choose');
    expect(study?.best?.sets).toEqual(['load.spans.batch=512', 'env.GOMEMLIMIT=off']);
    expect(study?.best?.lowerPerS).toBeGreaterThan(11_000);
  });

  test('it takes no more trials than it said', () => {
    const { most } = studyTrials(wanted);
    expect(outcomes.filter(({ purpose }) => purpose === 'study').length).toBeLessThanOrEqual(most);
  });

  test('stopped after any trial it goes on as if it had not been', () => {
    for (let length = 0; length < outcomes.length; length++) {
      const step = nextStep(settings, outcomes.slice(0, length), wanted);
      const { purpose, ratePerS, measureS, variant } = outcomes[length] ?? {};
      const order = { purpose, ratePerS, measureS, ...(variant === undefined ? {} : { variant }) };
      expect(step).toMatchObject({ kind: 'trial', order });
    }
  });
});

test('replicas that cannot be run are computed, never recommended', () => {
  const { study } = runAll({ ...wanted, podsMax: 3 }, world);
  expect(study?.sizing?.word).toBe('computed');
  expect(study?.demand).toBeNull();
  expect(study?.demandReason).toBe('4 replicas cannot be run here: two cores');
});

test('a peak that as many did not carry leaves them computed', () => {
  const { study } = runAll({ ...wanted, replicas: [] }, { ...world, efficiency: (n) => (n > 3 ? 0.4 : 1) });
  expect(study?.demand).toMatchObject({ pods: 4, passed: false });
  expect(study?.sizing?.word).toBe('computed');
});

test('replicas that hinder one another are sized by the law of scaling', () => {
  const hinder = (pods: number) => 1 / (1 + 0.2 * (pods - 1));
  const { study } = runAll({ ...wanted, podsMax: 20 }, { ...world, efficiency: hinder });
  expect(study?.usl?.high.sigma).toBeLessThanOrEqual(0.22);
  expect(study?.usl?.low.sigma).toBeGreaterThanOrEqual(0.18);
  // 30,000/s by perfect growth are three; in truth 20,000/s need four and 30,000/s eight.
  expect(study?.sizing?.replicas).toBeGreaterThanOrEqual(7);
  expect(study?.sizing?.formula).toContain('least N that carries');
});

test('nothing follows a search that found nothing', () => {
  const step = nextStep({ ...settings, budgetS: 10 }, [], wanted);
  expect(step).toMatchObject({ kind: 'done', result: { kind: 'unknown' } });
  expect(step.study).toBeUndefined();
});

test('what stays open is neither held nor broken, and a peak that stays open recommends nothing', () => {
  const outcomes: TrialOutcome[] = [];
  for (;;) {
    const step = nextStep(settings, outcomes, wanted);
    const open = step.kind === 'trial' && step.order.purpose === 'study';
    if (step.kind === 'trial')
      outcomes.push({ ...run(step.order, world), ...(open ? { status: 'unknown' as const } : {}) });
    if (step.kind === 'trial') continue;
    expect(step.study?.underFault[0]).toMatchObject({ lowerPerS: 0, upperPerS: Number.POSITIVE_INFINITY });
    expect(step.study?.sizing?.word).toBe('computed');
    expect(step.study?.demandReason).toBe('the trial of the peak on 4 replicas stayed open');
    return;
  }
});

test('full trials of low rates are as long as their requests need, three times at most', () => {
  const few = { ...settings, itemsMin: 56_000 };
  const length = (ratePerS: number) => fullLength(few, ratePerS);
  expect([length(10_000), length(2000), length(1000), length(10)]).toEqual([20, 28, 56, 60]);
});

describe('the law of scaling', () => {
  test('is found again from what it gives', () => {
    const law = { onePerS: 1000, sigma: 0.05, kappa: 0.01 };
    const points = [2, 3, 4].map((pods) => ({ pods, perS: carriedBy(law, pods) }));
    const found = fitUsl(1000, points);
    expect(found.sigma).toBeCloseTo(0.05, 6);
    expect(found.kappa).toBeCloseTo(0.01, 6);
    // Beyond its peak no number of replicas helps.
    expect(podsFor(law, 1e6)).toBeUndefined();
    expect(podsFor(law, 2500)).toBe(3);
  });
});

describe('combinations', () => {
  // Pairs of values are balanced too: no setting stands behind another.
  test.each([1, 2, 3, 4])('of %d settings: each value as often as the other', (count) => {
    const cells = cellsOf(count);
    expect(cells.length).toBe(2 ** Math.min(3, count));
    for (let i = 0; i < count; i++) {
      expect(cells.filter((cell) => cell[i])).toHaveLength(cells.length / 2);
      for (let j = 0; j < i; j++)
        expect(cells.filter((cell) => cell[i] === cell[j])).toHaveLength(cells.length / 2);
    }
  });

  test('a difference within the noise chooses nothing', () => {
    const cells = cellsOf(2).map((cell) => ({ cell, cpuSPerMillion: cell[0] ? 49 : 50 }));
    expect(effectsOf(factors, cells, { spread: 0.05, freedom: 5 })[0]).not.toHaveProperty('choose');
    expect(effectsOf(factors, cells, { spread: 0.005, freedom: 5 })[0]?.choose).toBe('512');
  });

  test('are written as --set has them', () => {
    expect(setsOf(factors, [false, true])).toEqual(['load.spans.batch=100', 'env.GOMEMLIMIT=800MiB']);
  });
});
