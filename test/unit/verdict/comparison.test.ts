import { expect, test } from 'vitest';
import { keeps, mergeExitCodes, mergeVerdicts } from '../../../src/verdict/comparison.ts';

test.each([
  ['<', 9, true, 10, false],
  ['<=', 10, true, 10.1, false],
  ['>', 11, true, 10, false],
  ['>=', 10, true, 9.9, false],
  ['==', 10, true, 10.1, false],
  ['!=', 9, true, 10, false],
] as const)('%s 10 keeps and breaks', (operator, good, yes, bad, no) => {
  expect(keeps({ operator, limit: 10 }, good)).toBe(yes);
  expect(keeps({ operator, limit: 10 }, bad)).toBe(no);
  expect(keeps({ operator, limit: 10 }, Number.NaN)).toBe(false);
});

test('infinity breaks every upper limit', () => {
  expect(keeps({ operator: '<', limit: 1e300 }, Number.POSITIVE_INFINITY)).toBe(false);
});

test('merging keeps the worst: fail, unknown, pass; nothing is unknown', () => {
  expect(mergeVerdicts(['pass', 'unknown', 'fail', 'pass'])).toBe('fail');
  expect(mergeVerdicts(['pass', 'unknown'])).toBe('unknown');
  expect(mergeVerdicts(['pass', 'pass'])).toBe('pass');
  expect(mergeVerdicts([])).toBe('unknown');
});

test('several exit codes at once: 5, 130, 3, 4, 1, 2, 0', () => {
  const order = [5, 130, 3, 4, 1, 2, 0];
  for (const [i, code] of order.entries()) expect(mergeExitCodes(order.slice(i).reverse())).toBe(code);
  expect(mergeExitCodes([])).toBe(2);
});
