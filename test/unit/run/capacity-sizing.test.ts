import { expect, test } from 'vitest';
import { sizingsOf } from '../../../src/run/capacity-sizing.ts';
import { parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const { capacity } = parseText(
  scenarioText({
    capacity:
      '{vary: spans, rate: {min: 500, max: 40000}, peak: 50000, safetyFactor: 1.5, tolerateLoss: 1, minReplicas: 3}',
  }),
).scenario;
if (capacity === undefined) throw new Error('the scenario has a capacity block');

const head = { capacity, pods: 1 };
const found = { kind: 'found' as const, lowerPerS: 10_000 };
const law = (sigma: number, kappa = 0) => ({ onePerS: 10_000, sigma, kappa });
const study = (low: ReturnType<typeof law>) => ({ sizing: null, usl: { low, high: low } });
const replicas = (given: ReturnType<typeof sizingsOf>) => given.byPeak?.map((one) => one.replicas);

test('the table ends at ten million, and is computed as the peak of the scenario is', () => {
  const { byPeak, sizing } = sizingsOf(head, found, undefined);
  expect(byPeak?.map(({ peakPerS }) => peakPerS)).toEqual([1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7]);
  expect(replicas({ byPeak: byPeak ?? [] })).toEqual([3, 5, 15, 45, 150, 450, 1500]);
  expect(sizing).toMatchObject({ replicas: 8, peakPerS: 50_000, word: 'computed' });
});

test('a capacity of several together is shared by them', () => {
  expect(replicas(sizingsOf({ ...head, pods: 2 }, found, undefined))?.[2]).toBe(30);
});

test('replicas that carry less than as many single ones: more of them, and of some peaks no number is enough', () => {
  // 1 / (1 + 0.02 (N - 1)) of N: 15 N > 15 + 0.3 (N - 1) at 100,000 x 1.5.
  const counts = replicas(sizingsOf(head, found, study(law(0.02))));
  expect(counts?.[2]).toBe(21);
  expect(counts?.slice(4)).toEqual(['Infinity', 'Infinity', 'Infinity']);
});

test('no capacity, no replicas; no peak, the table alone', () => {
  expect(sizingsOf(head, { ...found, kind: 'unknown' }, undefined)).toEqual({});
  const { peakPerS: _, ...without } = capacity;
  const bare = sizingsOf({ ...head, capacity: without }, found, undefined);
  expect([bare.sizing, bare.byPeak?.length]).toEqual([undefined, 7]);
});
