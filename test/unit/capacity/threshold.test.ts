import { describe, expect, test } from 'vitest';
import { random } from '../../../src/base/random.ts';
import { fitThreshold } from '../../../src/capacity/threshold.ts';

const trial = (ratePerS: number, held: boolean) => ({
  ratePerS,
  status: held ? ('pass' as const) : ('fail' as const),
});

/** Trials near 10,000/s whose threshold lies elsewhere in each, by this much. */
function simulate(seed: number, trials: number, spread: number) {
  const dice = random(seed, 'threshold');
  const gauss = () => Math.sqrt(-2 * Math.log(1 - dice.next())) * Math.cos(2 * Math.PI * dice.next());
  return Array.from({ length: trials }, (_, i) => {
    const ratePerS = Math.round(10_000 * Math.exp(spread * ((i % 5) - 2)));
    return trial(ratePerS, ratePerS < 10_000 * Math.exp(spread * gauss()));
  });
}

describe('a threshold that scatters', () => {
  test('verdicts that are apart say no more than their gap', () => {
    const verdicts = [trial(9000, true), trial(9000, true), trial(10_000, false), trial(10_000, false)];
    const fitted = fitThreshold(verdicts, { spread: 0.01, freedom: 5 });
    expect(fitted?.lowerPerS).toBeGreaterThan(8500);
    expect(fitted?.lowerPerS).toBeLessThan(9100);
    expect(fitted?.upperPerS).toBeGreaterThan(9900);
    expect(fitted?.upperPerS).toBeLessThan(10_500);
  });

  test('nothing is said without one that held and one that did not', () => {
    expect(fitThreshold([trial(9000, true)], null)).toBeUndefined();
    expect(fitThreshold([trial(9000, false)], null)).toBeUndefined();
  });

  test('like trials that lie apart widen what the same verdicts leave open', () => {
    const verdicts = [trial(9000, true), trial(9000, true), trial(10_000, false), trial(10_000, false)];
    const width = (spread: number) => {
      const { lowerPerS = 1, upperPerS = 0 } = fitThreshold(verdicts, { spread, freedom: 8 }) ?? {};
      return upperPerS / lowerPerS;
    };
    expect(width(0.08)).toBeGreaterThan(1.1 * width(0.01));
  });

  test('the width shrinks with the root of the trials, and 95 % of the intervals hold the middle', () => {
    const noise = { spread: 0.07, freedom: 5 };
    const [widths, held] = [new Map<number, number>(), new Map<number, number>()];
    const seeds = 60;
    for (const trials of [10, 40]) {
      for (let seed = 0; seed < seeds; seed++) {
        const fitted = fitThreshold(simulate(seed, trials, noise.spread), noise);
        const [low, high] = [fitted?.lowerPerS ?? 0, fitted?.upperPerS ?? 0];
        widths.set(trials, (widths.get(trials) ?? 0) + Math.log(high / low) / seeds);
        if (low <= 10_000 && high >= 10_000) held.set(trials, (held.get(trials) ?? 0) + 1);
      }
      expect(held.get(trials)).toBeGreaterThanOrEqual(0.9 * seeds);
    }
    const ratio = (widths.get(10) ?? 0) / (widths.get(40) ?? 1);
    expect(ratio).toBeGreaterThan(1.6);
    expect(ratio).toBeLessThan(2.6);
  });
});
