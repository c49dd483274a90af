import { describe, expect, test } from 'vitest';
import { estimateSearch, settingsFor } from '../../../src/capacity/settings.ts';
import { sizeReplicas } from '../../../src/capacity/sizing.ts';

describe('replicas', () => {
  const one = { peakPerS: 50_000, capacityPerS: 10_000, safetyFactor: 1.5, tolerateLoss: 1, minReplicas: 3 };

  test.each([
    ['the example of the seeds', {}, 8],
    ['pods that may be gone', { tolerateLoss: 4 }, 9],
    ['the least of an HPA', { peakPerS: 100 }, 3],
    ['no safety, no losses: exactly full', { safetyFactor: 1, tolerateLoss: 0 }, 5],
    ['one item more than full', { peakPerS: 50_001, safetyFactor: 1, tolerateLoss: 0 }, 6],
  ])('%s', (_name, change, replicas) => {
    expect(sizeReplicas({ ...one, ...change }).replicas).toBe(replicas);
  });

  test('say how, and are recommended only when so many were shown to carry the peak', () => {
    expect(sizeReplicas(one)).toEqual({
      replicas: 8,
      word: 'computed',
      formula:
        'max(ceil(peak 50000 x safety 1.5 / each 10000) = 8, ceil(peak 50000 / each 10000) + spare 1 = 6, least 3) = 8',
    });
    expect(sizeReplicas(one, true).word).toBe('recommended');
  });
});

describe('settings', () => {
  const question = {
    minPerS: 1000,
    maxPerS: 40_000,
    width: 0.025,
    budgetS: 2700,
    trialS: 60,
    overheadS: 23,
    batch: 100,
    generatorPerS: 400_000,
    seed: 1,
  };

  test('the generator bounds the search at 70 % of what it reached', () => {
    expect(settingsFor('standard', question)).toMatchObject({
      maxPerS: 40_000,
      fullS: 60,
      shortS: 10,
      confirmBelow: 5,
    });
    const slow = settingsFor('standard', { ...question, generatorPerS: 20_000 });
    expect(slow).toMatchObject({ maxPerS: 14_000, maxReason: expect.stringContaining('20000/s') });
  });

  test('quick is shorter and wider, thorough confirms more; each is expected to fit its budget', () => {
    const [quick, standard, thorough] = (['quick', 'standard', 'thorough'] as const).map((pace) =>
      settingsFor(pace, question),
    );
    expect(quick).toMatchObject({ width: 0.05, fullS: 20, shortS: 10, confirmBelow: 3 });
    expect(thorough).toMatchObject({ confirmBelow: 14, budgetS: 8100 });
    for (const settings of [quick, standard, thorough]) {
      if (settings === undefined) throw new Error('no settings');
      expect(estimateSearch(settings).seconds).toBeLessThan(settings.budgetS);
    }
  });
});
