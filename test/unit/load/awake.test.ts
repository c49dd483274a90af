import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aheadNs, createWatcher } from '../../../src/load/awake.ts';
import { closedEntry, openEntry } from '../../fixtures/load/plan.ts';

/** A worker that is woken 500 ns ahead, on a clock that moves by `stepNs` with each turn of its event loop. */
function worker({ dueNs, nowNs, stepNs }: { dueNs: number[]; nowNs: number; stepNs: number }) {
  const own = { nowNs, sentNs: [] as number[], turns: [] as (() => void)[] };
  const nextDueNs = () => dueNs[own.sentNs.length] ?? Number.POSITIVE_INFINITY;
  const ring = createWatcher({
    aheadNs: 500,
    nowNs: () => own.nowNs,
    nextDueNs,
    drain() {
      while (nextDueNs() <= own.nowNs) own.sentNs.push(own.nowNs);
    },
    soon: (call) => own.turns.push(call),
  });
  const untilAsleep = () => {
    for (let call = own.turns.shift(); call !== undefined; call = own.turns.shift()) {
      own.nowNs += stepNs;
      call();
    }
  };
  return { own, ring, untilAsleep };
}

test('what the bell rang for is sent within a turn of its time, and a second ring begins no second watch', () => {
  const early = fc.integer({ min: 0, max: 500 });
  const steps = fc.integer({ min: 1, max: 40 });
  const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 5 });
  fc.assert(
    fc.property(early, steps, gaps, (earlyNs, stepNs, gapsNs) => {
      const dueNs = [10_000];
      for (const gapNs of gapsNs) dueNs.push((dueNs.at(-1) ?? 0) + gapNs);
      const { own, ring, untilAsleep } = worker({ dueNs, nowNs: 10_000 - earlyNs, stepNs });
      ring();
      ring();
      expect(own.turns.length).toBeLessThanOrEqual(1);
      untilAsleep();
      expect(own.sentNs).toHaveLength(dueNs.length);
      for (const [i, sentNs] of own.sentNs.entries()) expect(sentNs - (dueNs[i] ?? 0)).toBeLessThan(stepNs);
    }),
  );
});

test('it sleeps while nothing is due soon, and when nothing is due any more', () => {
  const early = worker({ dueNs: [10_000], nowNs: 9000, stepNs: 10 });
  early.ring();
  expect(early.own.turns).toHaveLength(0);
  const last = worker({ dueNs: [10_000], nowNs: 10_000, stepNs: 10 });
  last.ring();
  expect(last.own).toMatchObject({ sentNs: [10_000], turns: [] });
});

test('no plan is watched for with more than its share of a core, and a closed one not at all', () => {
  const open = (itemsPerS: number) =>
    aheadNs({ entries: [openEntry({ itemsPerS, durationMs: 1000, spec: { batch: 1 } })] });
  for (const perS of [1, 10, 100, 1000, 100_000])
    expect((open(perS) * perS) / 1e9).toBeLessThanOrEqual(0.0801);
  expect(open(1)).toBe(0.8e6);
  expect(aheadNs({ entries: [closedEntry({ items: 10, durationMs: 1000 })] })).toBe(0);
});
