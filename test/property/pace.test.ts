import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePace } from '../../src/plan/compile.ts';
import { createPacer, itemsDueBy, type Pacer, requestsDueBy } from '../../src/plan/pace.ts';
import type { Pace } from '../../src/plan/types.ts';
import { exactRate, loadSchema, toLoadSpec } from '../../src/scenario/load-schema.ts';
import type { ExecutorSpec, LoadSpec } from '../../src/scenario/types.ts';

const seconds = fc.integer({ min: 1, max: 600_000 }).map((ms) => ms);
const rate = fc.record({
  items: fc.integer({ min: 0, max: 200_000 }),
  perMs: fc.integer({ min: 1, max: 60_000 }),
});
const batch = fc.integer({ min: 1, max: 3000 });

const constant: fc.Arbitrary<ExecutorSpec> = fc.record({
  kind: fc.constant('constant-arrival-rate' as const),
  rate: rate.filter((one) => one.items > 0),
  durationMs: seconds,
});
const ramping: fc.Arbitrary<ExecutorSpec> = fc.record({
  kind: fc.constant('ramping-arrival-rate' as const),
  startRate: rate,
  stages: fc.array(fc.record({ durationMs: fc.integer({ min: 0, max: 60_000 }), rate }), {
    minLength: 1,
    maxLength: 6,
  }),
});
const executor = fc.oneof(constant, ramping);
const arrivals = fc.constantFrom('even' as const, 'poisson' as const);

function spec(one: { executor: ExecutorSpec; batch: number; arrivals?: 'even' | 'poisson' }): LoadSpec {
  const defaults = toLoadSpec(
    'spans',
    loadSchema.parse({ signal: 'traces', executor: 'shared-iterations', iterations: 1 }),
  );
  return { ...defaults, ...one, arrivals: one.arrivals ?? 'even' };
}

/** Requests to look at: all of a short pace, the ends and a spread of a long one. */
function sample(requests: number): number[] {
  if (requests <= 400) return Array.from({ length: requests }, (_, k) => k);
  const spread = Array.from({ length: 200 }, (_, k) => Math.floor((k * (requests - 1)) / 199));
  return [...new Set([0, 1, 2, ...spread, requests - 3, requests - 2, requests - 1])].toSorted(
    (a, b) => a - b,
  );
}

function countAll(pacer: Pacer): number {
  let sum = 0;
  for (let k = 0; k < pacer.requests; k++) sum += pacer.count(k);
  return sum;
}

/** Twice the area under the rates, as a fraction of whole numbers, by another way than the code's. */
function exactItems(executor: ExecutorSpec): number {
  const ramps =
    executor.kind === 'constant-arrival-rate'
      ? [{ from: executor.rate, to: executor.rate, ms: executor.durationMs }]
      : executor.kind === 'ramping-arrival-rate'
        ? executor.stages.map((stage, i) => ({
            from: executor.stages[i - 1]?.rate ?? executor.startRate,
            to: stage.rate,
            ms: stage.durationMs,
          }))
        : [];
  const under = ramps.reduce(
    (product, ramp) => product * BigInt(ramp.from.perMs) * BigInt(ramp.to.perMs),
    2n,
  );
  const over = ramps.reduce((sum, { from, to, ms }) => {
    const part = (r: { items: number; perMs: number }) =>
      (BigInt(r.items) * BigInt(ms) * under) / (2n * BigInt(r.perMs));
    return sum + part(from) + part(to);
  }, 0n);
  return Number(over / under);
}

test('forall paces: the items are the exact integral of the rate, and the counts of all requests add up to them', () => {
  fc.assert(
    fc.property(executor, batch, arrivals, (one, size, kind) => {
      const pace = compilePace(spec({ executor: one, batch: size, arrivals: 'even' }), 1);
      expect(pace.items).toBe(exactItems(one));
      fc.pre(pace.items / size < 200_000);
      const pacer = createPacer(
        kind === 'even' ? pace : compilePace(spec({ executor: one, batch: size, arrivals: kind }), 1),
      );
      expect(pacer.requests).toBe(Math.ceil(pace.items / size));
      expect(countAll(pacer)).toBe(pace.items);
    }),
    { numRuns: 300 },
  );
});

test('forall paces: due times are whole ns, never decrease, and lie within the entry', () => {
  fc.assert(
    fc.property(executor, batch, arrivals, fc.integer(), (one, size, kind, seed) => {
      const pace = compilePace(spec({ executor: one, batch: size, arrivals: kind }), seed);
      fc.pre(pace.kind === 'open' && pace.items / size < 200_000);
      const endNs = pace.kind === 'open' ? (pace.segments.at(-1)?.toNs ?? 0) : 0;
      const pacer = createPacer(pace);
      let before = 0;
      for (const k of sample(pacer.requests)) {
        const due = pacer.dueNs(k);
        expect(Number.isSafeInteger(due)).toBe(true);
        expect(due).toBeGreaterThanOrEqual(before);
        expect(due).toBeLessThanOrEqual(endNs);
        before = due;
      }
    }),
    { numRuns: 300 },
  );
});

test('forall even paces and requests: its items are due at its due time and not one ns before', () => {
  fc.assert(
    fc.property(executor, batch, (one, size) => {
      const pace = compilePace(spec({ executor: one, batch: size }), 1);
      const pacer = createPacer(pace);
      for (const k of sample(pacer.requests)) {
        const whole = Math.min((k + 1) * size, pace.items);
        expect(itemsDueBy(pace, pacer.dueNs(k))).toBeGreaterThanOrEqual(whole);
        expect(itemsDueBy(pace, pacer.dueNs(k) - 1)).toBeLessThan(whole);
      }
    }),
    { numRuns: 200 },
  );
});

test('forall constant rates and requests: due is the first whole ns at which n / rate has passed', () => {
  fc.assert(
    fc.property(constant, batch, (one, size) => {
      const pacer = createPacer(compilePace(spec({ executor: one, batch: size }), 1));
      if (one.kind !== 'constant-arrival-rate') return;
      const [over, perNs] = [BigInt(one.rate.items), BigInt(one.rate.perMs) * 1_000_000n];
      const items = exactItems(one);
      for (const k of sample(pacer.requests)) {
        const n = BigInt(Math.min((k + 1) * size, items));
        expect(pacer.dueNs(k)).toBe(Number((n * perNs + over - 1n) / over));
      }
    }),
    { numRuns: 300 },
  );
});

test('forall paces and times: items due by then are those of the requests with a due time at or before it', () => {
  fc.assert(
    fc.property(
      executor,
      batch,
      arrivals,
      fc.double({ min: 0, max: 1.1, noNaN: true }),
      (one, size, kind, share) => {
        const pace = compilePace(spec({ executor: one, batch: size, arrivals: kind }), 7);
        fc.pre(pace.kind === 'open' && pace.items / size < 100_000);
        const endNs = pace.kind === 'open' ? (pace.segments.at(-1)?.toNs ?? 0) : 0;
        const atNs = share * endNs;
        const requests = requestsDueBy(createPacer(pace), atNs);
        expect(itemsDueBy(pace, atNs)).toBe(Math.min(pace.items, requests * size));
      },
    ),
    { numRuns: 300 },
  );
});

test('forall paces and workers: the shares of request k mod W add up to the whole', () => {
  fc.assert(
    fc.property(executor, batch, fc.integer({ min: 1, max: 16 }), (one, size, workers) => {
      const pace = compilePace(spec({ executor: one, batch: size }), 1);
      const pacer = createPacer(pace);
      fc.pre(pacer.requests < 100_000);
      const shares = new Array<number>(workers).fill(0);
      for (let k = 0; k < pacer.requests; k++)
        shares[k % workers] = (shares[k % workers] ?? 0) + pacer.count(k);
      expect(shares.reduce((a, b) => a + b, 0)).toBe(pace.items);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(size);
    }),
    { numRuns: 200 },
  );
});

test('forall constant rates and seconds within: the items due in any 1 s differ from the rate by one request at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50_000 }),
      batch,
      fc.integer({ min: 0, max: 59_000 }),
      (perS, size, fromMs) => {
        const one = {
          kind: 'constant-arrival-rate' as const,
          rate: { items: perS, perMs: 1000 },
          durationMs: 60_000,
        };
        const pace = compilePace(spec({ executor: one, batch: size }), 1);
        const inSecond = itemsDueBy(pace, (fromMs + 1000) * 1e6) - itemsDueBy(pace, fromMs * 1e6);
        expect(Math.abs(inSecond - perS)).toBeLessThanOrEqual(size);
      },
    ),
  );
});

test('forall decimal rates of up to 3 places: the fraction is exact', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e9 }),
      fc.constantFrom(1, 10, 100, 1000),
      fc.integer({ min: 1, max: 60_000 }),
      (n, scale, perMs) => {
        const fraction = exactRate(n / scale, perMs);
        expect(BigInt(fraction.items) * BigInt(perMs) * BigInt(scale)).toBe(
          BigInt(n) * BigInt(fraction.perMs),
        );
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  { name: '1,000/s in batches of 2,048', perS: 1000, size: 2048, durationMs: 60_000, items: 60_000 },
  { name: '10,007/s over 3 workers', perS: 10_007, size: 100, durationMs: 61_000, items: 610_427 },
  { name: '1e9/s', perS: 1e9, size: 100_000, durationMs: 3_600_000, items: 3.6e12 },
  { name: '7,000,000/s', perS: 7_000_000, size: 512, durationMs: 10_000, items: 70_000_000 },
])('$name is exact over the run and ends on its last ns', ({ perS, size, durationMs, items }) => {
  const one = { kind: 'constant-arrival-rate' as const, rate: { items: perS, perMs: 1000 }, durationMs };
  const pace: Pace = compilePace(spec({ executor: one, batch: size }), 1);
  const pacer = createPacer(pace);
  expect(pace.items).toBe(items);
  expect(pacer.dueNs(pacer.requests - 1)).toBe(durationMs * 1e6);
  const last = pacer.requests - 1;
  expect(last * size + pacer.count(last)).toBe(items);
  const workers = 3;
  const perWorker = [0, 1, 2].map((w) => {
    const requests = Math.floor((pacer.requests - 1 - w) / workers) + 1;
    return requests * size - (last % workers === w ? size - pacer.count(last) : 0);
  });
  expect(perWorker.reduce((a, b) => a + b, 0)).toBe(items);
});

test('Poisson times of one seed are the same bytes; of another seed others; and uniform by Kolmogorov-Smirnov', () => {
  const one = {
    kind: 'constant-arrival-rate' as const,
    rate: { items: 1000, perMs: 1000 },
    durationMs: 20_000,
  };
  const times = (seed: number) => {
    const pacer = createPacer(compilePace(spec({ executor: one, batch: 1, arrivals: 'poisson' }), seed));
    return Array.from({ length: pacer.requests }, (_, k) => pacer.dueNs(k));
  };
  expect(times(5)).toEqual(times(5));
  expect(times(5)).not.toEqual(times(6));
  const all = times(5);
  const distance = Math.max(...all.map((due, k) => Math.abs(due / 20e9 - (k + 0.5) / all.length)));
  // 1.63 / sqrt(n) is the 99 % bound; gaps of a Poisson process are exponential: their deviation is their mean.
  expect(distance).toBeLessThan(1.63 / Math.sqrt(all.length));
  const gaps = all.slice(1).map((due, k) => due - (all[k] ?? 0));
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(deviation / mean).toBeGreaterThan(0.95);
  expect(deviation / mean).toBeLessThan(1.05);
});

/** C(t) = 1000 t^2 up, and its mirror down: every 10 j^2-th item is due at a whole tenth of a second. */
test.each(['up', 'down'])('a ramp %s whose roots are whole ns hits each of them exactly', (way) => {
  const [from, to] = way === 'up' ? [0, 2] : [2, 0];
  const stages = [{ durationMs: 60_000, rate: { items: to * 60, perMs: 1 } }];
  const one = { kind: 'ramping-arrival-rate' as const, startRate: { items: from * 60, perMs: 1 }, stages };
  const pacer = createPacer(compilePace(spec({ executor: one, batch: 10 }), 1));
  for (let j = 1; j <= 600; j++) {
    const items = way === 'up' ? 10 * j * j : 3_600_000 - 10 * (600 - j) * (600 - j);
    expect([j, pacer.dueNs(items / 10 - 1)]).toEqual([j, j * 1e8]);
  }
});

/** 1/3 of an item per second and ramps of it: no end of a segment falls on a whole item. */
test('forall starts of segments: a fraction of an item is carried over, neither lost nor rounded', () => {
  const third = { items: 1, perMs: 3000 };
  const stages = Array.from({ length: 30 }, () => ({ durationMs: 1000, rate: third }));
  const pace = compilePace(
    spec({ executor: { kind: 'ramping-arrival-rate', startRate: third, stages }, batch: 1 }),
    1,
  );
  const pacer = createPacer(pace);
  expect(pace.items).toBe(10);
  expect(Array.from({ length: 10 }, (_, k) => pacer.dueNs(k))).toEqual(
    Array.from({ length: 10 }, (_, k) => (k + 1) * 3e9),
  );
  expect(pace.kind === 'open' ? pace.segments.map((segment) => segment.itemsBefore) : []).toEqual(
    Array.from({ length: 30 }, (_, k) => expect.closeTo(k / 3, 12)),
  );
});
