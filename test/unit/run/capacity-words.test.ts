import { expect, test } from 'vitest';
import type { Purpose, TrialOutcome } from '../../../src/capacity/types.ts';
import { boundsText } from '../../../src/run/capacity-words.ts';

const trial = (purpose: Purpose, ratePerS: number, status: TrialOutcome['status']): TrialOutcome => {
  return { purpose, ratePerS, status, measureS: 20, reason: '', goals: [], costS: 30 };
};

test('a search tells what it knows so far', () => {
  expect(boundsText([])).toBe('no bounds yet');
  const steered = [trial('bracket', 1000, 'pass'), trial('bracket', 2000, 'unknown')];
  expect(boundsText(steered)).toBe('perhaps between 2,000 and ?/s');
  steered.push(trial('bracket', 4000, 'fail'));
  expect(boundsText(steered)).toBe('perhaps between 2,000 and 4,000/s');
});

test('what steering held for possible is no lower end any more once full trials failed at it', () => {
  const outcomes = [trial('bracket', 1000, 'pass'), trial('bracket', 2000, 'unknown')];
  for (let i = 0; i < 3; i++) outcomes.push(trial('classify', 1800, 'fail'));
  expect(boundsText(outcomes)).toBe('perhaps between 1,000 and 1,800/s');
  for (let i = 0; i < 3; i++) outcomes.push(trial('classify', 1200, 'pass'));
  expect(boundsText(outcomes)).toBe('between 1,200 and 1,800/s');
});

test('one full trial that failed says more than the steering one at its rate', () => {
  const outcomes = [
    trial('bracket', 1000, 'pass'),
    trial('bracket', 2000, 'unknown'),
    trial('bracket', 3000, 'fail'),
  ];
  outcomes.push(trial('classify', 2000, 'unknown'), trial('classify', 2000, 'fail'));
  expect(boundsText(outcomes)).toBe('perhaps between 1,000 and 2,000/s');
});
