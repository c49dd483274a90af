import fc from 'fast-check';
import { expect, test } from 'vitest';
import { carve, formatRange, parseRange } from '../../../src/target/address-range.ts';

test.each([
  ['172.18.0.0/16', '172.18.0.0/16'],
  ['10.0.0.8/29', '10.0.0.8/29'],
  ['fd00::/64', undefined],
  ['300.0.0.0/8', undefined],
])('%s is read as %s', (text, expected) => {
  const range = parseRange(text);
  expect(range === undefined ? undefined : formatRange(range)).toBe(expected);
});

test('a range of Docker gives a network for each link, the smallest that has room', () => {
  const range = parseRange('172.18.0.0/16') ?? { first: 0, bits: 0 };
  expect(carve(range, { count: 3, hosts: 5 })?.map(formatRange)).toEqual([
    '172.18.0.0/29',
    '172.18.0.8/29',
    '172.18.0.16/29',
  ]);
  expect(carve({ ...range, bits: 28 }, { count: 3, hosts: 5 })).toBeUndefined();
});

/** forall ranges and wishes: what is carved lies inside, has room, and no two of it overlap. */
test('carved ranges are apart, inside and large enough', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 16, max: 28 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 200 }),
      (bits, count, hosts) => {
        const range = { first: 172 * 2 ** 24 + 18 * 2 ** 16, bits };
        const carved = carve(range, { count, hosts });
        if (carved === undefined) return;
        const size = (one: { bits: number }) => 2 ** (32 - one.bits);
        carved.forEach((one, index) => {
          expect(one.first).toBeGreaterThanOrEqual(range.first);
          expect(one.first + size(one)).toBeLessThanOrEqual(range.first + size(range));
          expect(size(one) - 2).toBeGreaterThanOrEqual(hosts);
          const next = carved[index + 1];
          if (next !== undefined) expect(one.first + size(one)).toBeLessThanOrEqual(next.first);
        });
      },
    ),
  );
});
