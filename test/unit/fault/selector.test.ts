import { expect, test } from 'vitest';
import { random } from '../../../src/base/random.ts';
import { selectMembers } from '../../../src/fault/selector.ts';
import type { SelectorSpec } from '../../../src/scenario/types.ts';

const members = ['a-0', 'a-1', 'a-2', 'a-3', 'b-0'].map((name) => ({
  name,
  group: name.slice(0, 1),
  otlp: { headers: {} },
  version: '',
}));
const select = (selector: SelectorSpec, seed = 1, prefer?: string) =>
  selectMembers({
    members,
    selector,
    random: random(seed, 'selector'),
    ...(prefer === undefined ? {} : { prefer: ({ name }) => name === prefer }),
  }).map(({ name }) => name);

test.each<[SelectorSpec, number]>([
  [{ member: 'a', mode: 'one' }, 1],
  [{ member: 'a', mode: 'all' }, 4],
  [{ mode: 'all' }, 5],
  [{ member: 'a', mode: 'fixed', value: 3 }, 3],
  [{ member: 'a', mode: 'fixed', value: 9 }, 4],
  [{ member: 'a', mode: 'fixed-percent', value: 50 }, 2],
  [{ member: 'a', mode: 'fixed-percent', value: 1 }, 1],
  [{ member: 'a-2', mode: 'all' }, 1],
  [{ member: 'c', mode: 'all' }, 0],
])('%j takes %i', (selector, count) => {
  const chosen = select(selector);
  expect(new Set(chosen).size).toBe(count);
  expect(select(selector)).toEqual(chosen);
});

test('every member is chosen by some seed, and a preferred one by all', () => {
  const seeds = Array.from({ length: 60 }, (_, seed) => seed);
  expect(new Set(seeds.flatMap((seed) => select({ member: 'a', mode: 'one' }, seed))).size).toBe(4);
  expect(new Set(seeds.flatMap((seed) => select({ member: 'a', mode: 'one' }, seed, 'a-3')))).toEqual(
    new Set(['a-3']),
  );
});

test('random-max-percent never takes more than its share, and takes different counts', () => {
  const counts = Array.from({ length: 60 }, (_, seed) =>
    select({ member: 'a', mode: 'random-max-percent', value: 75 }, seed),
  ).map((chosen) => chosen.length);
  expect(new Set(counts)).toEqual(new Set([1, 2, 3]));
});
