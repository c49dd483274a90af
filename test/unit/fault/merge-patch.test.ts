import { expect, test } from 'vitest';
import { mergePatch } from '../../../src/fault/merge-patch.ts';

test('a configuration patch merges, replaces lists, and null takes away', () => {
  const prior = { a: { b: 1, c: [1, 2] }, d: 4 };
  expect(mergePatch(prior, { a: { c: [3], e: { f: 5 } }, d: null })).toEqual({
    a: { b: 1, c: [3], e: { f: 5 } },
  });
  expect(prior).toEqual({ a: { b: 1, c: [1, 2] }, d: 4 });
});
