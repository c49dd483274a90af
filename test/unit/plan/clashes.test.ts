import { expect, test } from 'vitest';
import { findClashes } from '../../../src/plan/clashes.ts';
import { faults as kinds } from '../../../src/registry.ts';

type Short = [kind: string, fromS: number, toS: number | undefined, member?: string, peer?: string];
const clashes = (...faults: Short[]) =>
  findClashes(
    faults.map(([kind, fromS, toS, member, peer], index) => ({
      spec: {
        name: `f${index}`,
        kind,
        ...(kinds[kind]?.needs.power === undefined ? {} : { acts: kinds[kind].needs.power }),
        atMs: fromS * 1000,
        selector: { mode: 'one', ...(member === undefined ? {} : { member }) },
        params: peer === undefined ? {} : { peer },
      },
      startNs: fromS * 1e9,
      ...(toS === undefined ? {} : { endNs: toS * 1e9 }),
    })),
  ).length;

test.each<[string, number, Short[]]>([
  [
    'one after the other',
    0,
    [
      ['container-pause', 1, 5, 'a'],
      ['container-pause', 5, 9, 'a'],
    ],
  ],
  [
    'two at a time on one member',
    1,
    [
      ['container-pause', 1, 5, 'a'],
      ['container-kill', 3, undefined, 'a'],
    ],
  ],
  [
    'a group and its replica',
    1,
    [
      ['container-pause', 1, 5, 'a'],
      ['container-pause', 2, 6, 'a-0'],
    ],
  ],
  [
    'different members',
    0,
    [
      ['container-pause', 1, 5, 'a'],
      ['container-pause', 2, 6, 'b'],
    ],
  ],
  [
    'a member named like another with a word after it',
    0,
    [
      ['container-pause', 1, 5, 'a'],
      ['container-pause', 2, 6, 'a-edge'],
    ],
  ],
  [
    'different things of one member',
    0,
    [
      ['container-kill', 2, undefined, 'a'],
      ['network-delay', 1, 5, 'a'],
    ],
  ],
  [
    'one link twice',
    1,
    [
      ['network-partition', 1, 5, 'a'],
      ['network-delay', 4, 6, 'a', 'load'],
    ],
  ],
  [
    'two links of one member',
    0,
    [
      ['network-partition', 1, 5, 'a'],
      ['network-delay', 4, 6, 'a', 'sink'],
    ],
  ],
  [
    'the one sink',
    1,
    [
      ['backend-outage', 1, 5, 'a'],
      ['backend-outage', 2, 3, 'b'],
    ],
  ],
])('%s: %i clashes', (_, count, faults) => {
  expect(clashes(...faults)).toBe(count);
  expect(clashes(...faults.toReversed())).toBe(count);
});
