import { describe, expect, test } from 'vitest';
import { random } from '../../src/base/random.ts';
import {
  type Found,
  familyLevel,
  findAlongRuns,
  findAmongRuns,
  judgeMeasures,
  type MeasureSpec,
} from '../../src/verdict/regression.ts';

/**
 * Seeded comparisons. Tried by breaking the code: without Holm's procedure, or with stretches taken as independent, a rate
 * below is missed.
 */
const measures = 6;

function spec(margin: number, name = 'cpu'): MeasureSpec {
  return { name, unit: 's', better: 'less', margin, aloneMargin: margin, needed: true };
}

/** Normal, by Box and Muller. */
function normals(seed: number): () => number {
  const dice = random(seed, 'compare');
  return () => {
    const [a, b] = [1 - dice.next(), dice.next()];
    return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
  };
}

/** Runs of a side: each value is that of the build times its own noise. */
function runs(draw: () => number, of: { count: number; noise: number; value: number }): number[] {
  return Array.from({ length: of.count }, () => of.value * Math.exp(of.noise * draw()));
}

type Word = ReturnType<typeof judgeMeasures>[number]['verdict'];

function compareRuns(
  seed: number,
  of: { count: [number, number]; noise: number; change: number; margin: number },
): Word[] {
  const draw = normals(seed);
  const found = Array.from({ length: measures }, (_, i): Found => {
    const { noise } = of;
    const baseline = runs(draw, { count: of.count[0], noise, value: 10 });
    const value = i === 0 ? 10 * (1 + of.change) : 10;
    return findAmongRuns(spec(of.margin, `m${i}`), {
      baseline,
      candidate: runs(draw, { count: of.count[1], noise, value }),
    });
  });
  return judgeMeasures(found).map(({ verdict }) => verdict);
}

/** Stretches of two runs, whose noise remembers `memory` of the stretch before. */
function compareStretches(
  seed: number,
  of: { noise: number; memory: number; change: number; margin: number },
): Word[] {
  const draw = normals(seed);
  const finest = 24;
  const series = (value: number) => {
    let state = draw();
    return Array.from({ length: finest }, () => {
      state = of.memory * state + Math.sqrt(1 - of.memory ** 2) * draw();
      return value * Math.exp(of.noise * state);
    });
  };
  const joined = (values: number[], count: number) =>
    Array.from({ length: count }, (_, i) => {
      const part = values.slice((i * finest) / count, ((i + 1) * finest) / count);
      return part.reduce((sum, one) => sum + one, 0) / part.length;
    });
  const found = Array.from({ length: measures }, (_, i): Found => {
    const [before, after] = [series(10), series(i === 0 ? 10 * (1 + of.change) : 10)];
    return findAlongRuns(spec(of.margin, `m${i}`), { baseline: 10, candidate: 10 }, (count) => ({
      baseline: joined(before, count),
      candidate: joined(after, count),
    }));
  });
  return judgeMeasures(found).map(({ verdict }) => verdict);
}

/** Share of seeds for which it holds. */
function shareOf(seeds: number, holds: (seed: number) => boolean): number {
  let count = 0;
  for (let seed = 1; seed <= seeds; seed++) if (holds(seed)) count++;
  return count / seeds;
}

/** Three standard deviations above the level: fixed seeds, so that it either holds or does not. */
const allowed = (seeds: number) => familyLevel + 3 * Math.sqrt((familyLevel * (1 - familyLevel)) / seeds);
/** No change is too small to matter: what is left is the test alone. */
const none = 1e-9;

describe('equal targets', () => {
  const seeds = 1000;
  test.each([
    ['five runs each', { count: [5, 5] as [number, number] }],
    ['one new run against eight', { count: [8, 1] as [number, number] }],
  ])('%s: one of six measures is called worse no more often than stated', (_, of) => {
    const alarms = (seed: number) =>
      compareRuns(seed, { ...of, noise: 0.05, change: 0, margin: none }).includes('worse');
    expect(shareOf(seeds, alarms)).toBeLessThanOrEqual(allowed(seeds));
  });

  test('stretches of one run each: the same', () => {
    const alarms = (seed: number) =>
      compareStretches(seed, { noise: 0.2, memory: 0, change: 0, margin: none }).includes('worse');
    expect(shareOf(500, alarms)).toBeLessThanOrEqual(allowed(500));
  });

  // What a dozen stretches cannot show of their own memory, the margin of one run each must hold.
  test('stretches that go together: with the margin of a latency no more often either', () => {
    const alarms = (seed: number) =>
      compareStretches(seed, { noise: 0.1, memory: 0.5, change: 0, margin: 0.25 }).includes('worse');
    expect(shareOf(300, alarms)).toBeLessThanOrEqual(familyLevel);
  });

  test('noise that is larger than what matters leaves it open: never all measures are called the same', () => {
    const passes = (seed: number) =>
      compareRuns(seed, { count: [4, 4], noise: 0.3, change: 0, margin: 0.05 }).every(
        (word) => word === 'same',
      );
    expect(shareOf(500, passes)).toBe(0);
  });
});

describe('a planted change', () => {
  test('10 % at 3 % of noise with eight runs each is found in 95 of 100, and on its own measure', () => {
    let elsewhere = 0;
    const finds = (seed: number) => {
      const [own, ...others] = compareRuns(seed, { count: [8, 8], noise: 0.03, change: 0.1, margin: 0.05 });
      if (others.includes('worse')) elsewhere++;
      return own === 'worse';
    };
    expect(shareOf(200, finds)).toBeGreaterThanOrEqual(0.95);
    expect(elsewhere).toBeLessThanOrEqual(2);
  });

  test('as much better is never called worse', () => {
    const words = (seed: number) =>
      compareRuns(seed, { count: [8, 8], noise: 0.03, change: -0.1, margin: 0.05 })[0];
    expect(shareOf(200, (seed) => words(seed) === 'worse')).toBe(0);
    expect(shareOf(200, (seed) => words(seed) === 'better')).toBeGreaterThanOrEqual(0.95);
  });

  test('40 % along one run each is found in 9 of 10 where 25 % is what counts', () => {
    const finds = (seed: number) =>
      compareStretches(seed, { noise: 0.1, memory: 0.2, change: 0.4, margin: 0.25 })[0] === 'worse';
    expect(shareOf(100, finds)).toBeGreaterThanOrEqual(0.9);
  });
});
