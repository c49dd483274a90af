import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupShift, holm, pairedShift, serialShift } from '../../../src/verdict/shift.ts';

const small = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 9 });

/** Share of the signs of the differences under which the ranks of the positive ones sum to at least as much. */
function bruteForce(differences: number[]): number {
  const moved = differences.filter((value) => value !== 0);
  const sizes = moved.map(Math.abs);
  const ranks = sizes.map((size) => {
    const smaller = sizes.filter((other) => other < size).length;
    const equal = sizes.filter((other) => other === size).length;
    return smaller + (equal + 1) / 2;
  });
  const sum = (signs: number) => ranks.reduce((all, rank, i) => all + (signs & (1 << i) ? rank : 0), 0);
  const seen = sum(moved.reduce((bits, value, i) => (value > 0 ? bits | (1 << i) : bits), 0));
  const all = Array.from({ length: 2 ** moved.length }, (_, signs) => sum(signs));
  return all.filter((one) => one >= seen).length / all.length;
}

describe('pairedShift', () => {
  test('the depression scale factors of Hollander and Wolfe (table 3.1): p, estimate and interval', () => {
    const first = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const shift = pairedShift(first.map((value, i) => value - (second[i] ?? 0)));
    expect(shift.p).toBeCloseTo(0.01953, 5);
    expect(shift.estimate).toBeCloseTo(0.46, 2);
    expect(shift.interval[0]).toBeCloseTo(0.01, 2);
    expect(shift.interval[1]).toBeCloseTo(0.786, 2);
  });

  // forall differences, ties and zeros included: p is the share of all choices of signs, counted one by one.
  test('p is exact', () => {
    fc.assert(
      fc.property(small, (drawn) => {
        expect(pairedShift(drawn).p).toBeCloseTo(bruteForce(drawn), 12);
      }),
    );
  });

  // forall differences: turned round, the estimate and the interval are turned round.
  test('both directions are alike', () => {
    fc.assert(
      fc.property(small, (drawn) => {
        const [there, back] = [pairedShift(drawn), pairedShift(drawn.map((value) => -value))];
        expect(there.estimate).toBeCloseTo(-back.estimate, 12);
        expect(there.interval[0]).toBeCloseTo(-back.interval[1], 12);
      }),
    );
  });

  test('five pairs bound nothing at 95 %, six do', () => {
    expect(pairedShift([1, 2, 3, 4, 5]).interval).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(pairedShift([1, 2, 3, 4, 5, 6]).interval).toEqual([1, 6]);
  });
});

describe('groupShift', () => {
  test('against the tables of Student: t = 2.776 at 4 degrees of freedom is 2.5 % on one side', () => {
    // Both groups vary by 1, so that the standard error is sqrt(2 / 3).
    const shift = groupShift(
      [-1, 0, 1],
      [-1, 0, 1].map((value) => value + 2.776445 * Math.sqrt(2 / 3)),
    );
    expect(shift?.p).toBeCloseTo(0.025, 5);
    expect(shift?.interval[0]).toBeCloseTo(0, 5);
  });

  test('one new value is held against what single values vary by', () => {
    const shift = groupShift([9, 10, 11, 10], [10]);
    expect(shift?.estimate).toBe(0);
    // t at 3 degrees of freedom 3.182, variance 2/3, of the mean of four and of one.
    expect(shift?.interval[1]).toBeCloseTo(3.18245 * Math.sqrt((2 / 3) * 1.25), 4);
  });

  test('three values in all do not tell', () => {
    expect(groupShift([1, 2], [3])).toBeUndefined();
    expect(groupShift([], [1, 2, 3, 4])).toBeUndefined();
  });

  test('values that do not vary are told apart, and equal ones are not', () => {
    expect(groupShift([1, 1, 1], [2, 2, 2])?.p).toBe(0);
    expect(groupShift([1, 1, 1], [1, 1, 1])?.p).toBe(1);
  });
});

test('holm: the smallest against level/n, and none after the first that fails', () => {
  expect(holm([0.004, 0.003, 0.2], 0.01)).toEqual([true, true, false]);
  expect(holm([0.004, 0.006, 0.2], 0.01)).toEqual([false, false, false]);
  expect(holm([0.001, 0.02, 0.009], 0.01)).toEqual([true, false, false]);
  expect(holm([], 0.01)).toEqual([]);
});

describe('serialShift', () => {
  const alternating = Array.from({ length: 24 }, (_, i) => 1 + 0.1 * (-1) ** i);

  test('is never less careful than the rank test', () => {
    const [plain, serial] = [pairedShift(alternating), serialShift(alternating)];
    expect(serial?.estimate).toBe(plain.estimate);
    expect(serial?.p).toBeGreaterThanOrEqual(plain.p);
    expect(serial?.interval[0]).toBeLessThanOrEqual(plain.interval[0]);
  });

  test('the same values in an order that goes together have a wider interval; a ramp has none', () => {
    const blocks = Array.from({ length: 24 }, (_, i) => 1 + 0.1 * (-1) ** Math.floor(i / 2));
    const width = (values: number[]) => {
      const [low, high] = serialShift(values)?.interval ?? [0, 0];
      return high - low;
    };
    expect(width(blocks)).toBeGreaterThan(width(alternating));
    expect(serialShift(Array.from({ length: 24 }, (_, i) => i))).toBeUndefined();
  });
});
