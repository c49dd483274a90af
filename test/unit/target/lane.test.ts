import { describe, expect, test } from 'vitest';
import { random } from '../../../src/base/random.ts';
import { createLane, type Shape } from '../../../src/target/lane.ts';
import type { LinkEffect } from '../../../src/target/target.ts';

const shapeOf = (effect: LinkEffect | undefined): Shape => ({
  effect,
  freeNs: 0,
  random: random(1, 'lane').next,
  affectedBytes: 0,
});
const bytes = (size: number, fill = 7) => new Uint8Array(size).fill(fill);
const sizes = (taken: { bytes: Uint8Array[] }) => taken.bytes.reduce((sum, one) => sum + one.length, 0);
const ms = 1e6;

describe('lane', () => {
  test('without an effect everything passes at once and nothing is counted', () => {
    const shape = shapeOf(undefined);
    const lane = createLane(shape);
    lane.accept(bytes(10), 0);
    expect(sizes(lane.take(0))).toBe(10);
    expect(shape.affectedBytes).toBe(0);
  });

  test('a partition holds everything, fills at the first chunk, and a heal gives it all in order', () => {
    const shape = shapeOf({ kind: 'partition', direction: 'both' });
    const lane = createLane(shape);
    lane.accept(bytes(3, 1), 0);
    lane.accept(bytes(2, 2), 1);
    lane.end(2);
    expect(lane.take(1e15)).toEqual({ bytes: [], ended: false });
    expect([lane.full(), lane.nextNs(), shape.affectedBytes]).toEqual([true, undefined, 5]);
    shape.effect = undefined;
    lane.rechain(5);
    const { bytes: out, ended } = lane.take(5);
    expect(Buffer.concat(out)).toEqual(Buffer.from([1, 1, 1, 2, 2]));
    expect(ended).toBe(true);
    expect(lane.full()).toBe(false);
  });

  test('a delay lets each chunk go its latency later, never one before another', () => {
    const lane = createLane(shapeOf({ kind: 'delay', direction: 'both', latencyMs: 50, jitterMs: 40 }));
    const order: number[] = [];
    for (let i = 0; i < 200; i++) lane.accept(Uint8Array.of(i), i * ms);
    for (let at = 0; at < 400; at++) {
      for (const one of lane.take(at * ms).bytes) order.push(one[0] ?? -1);
      if (at < 10) expect(order).toEqual([]);
    }
    expect(order).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(lane.nextNs()).toBeUndefined();
  });

  test('a bandwidth is of the link: two connections share it', () => {
    const shape = shapeOf({ kind: 'bandwidth', direction: 'both', bytesPerS: 100_000 });
    const lanes = [createLane(shape), createLane(shape)];
    for (const lane of lanes) lane.accept(bytes(50_000), 0);
    const passed = (atMs: number) => lanes.reduce((sum, lane) => sum + sizes(lane.take(atMs * ms)), 0);
    expect(passed(500)).toBeGreaterThan(45_000);
    expect(passed(990)).toBeLessThan(55_000);
    expect(passed(1_000)).toBeGreaterThan(0);
    expect(passed(1e9)).toBe(0);
  });
});
