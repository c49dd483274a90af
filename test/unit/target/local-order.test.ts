import { expect, test } from 'vitest';
import { SquallError } from '../../../src/base/errors.ts';
import { entryGroups, longestPath, pathFrom, startOrder } from '../../../src/target/local-order.ts';

const groups = { agent: { sendsTo: 'gateway' }, edge: { sendsTo: 'agent' }, gateway: {}, other: {} };

test('receivers start first', () => {
  expect(startOrder(groups)).toEqual(['gateway', 'agent', 'edge', 'other']);
});

test('the load connects to those that nobody sends to', () => {
  expect(entryGroups(groups)).toEqual(['edge', 'other']);
  expect(longestPath(groups)).toEqual(['edge', 'agent', 'gateway']);
});

test.each([
  ['a circle', { a: { sendsTo: 'b' }, b: { sendsTo: 'a' } }, /circle: a -> b -> a/],
  ['an unknown member', { a: { sendsTo: 'nobody' } }, /no member nobody/],
])('%s is a mistake of the scenario', (_, wrong, what) => {
  let caught: unknown;
  try {
    pathFrom('a', wrong);
  } catch (error) {
    caught = error;
  }
  if (!(caught instanceof SquallError)) throw new Error('expected a SquallError');
  expect(caught.parts.code).toBe('SQ-SCENARIO-INVALID');
  expect(caught.parts.what).toMatch(what);
});
