import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatByteRate,
  formatBytes,
  formatCpu,
  formatDuration,
  formatItemRate,
  formatRatio,
  parseByteRate,
  parseBytes,
  parseCpu,
  parseDuration,
  parseItemRate,
  parseRatio,
} from '../../src/base/units.ts';
import { formatMeasure, measures, parseMeasure } from '../../src/scenario/measures.ts';
import { formatThreshold, parseThreshold, type Threshold } from '../../src/scenario/threshold.ts';

test('forall durations of whole ns up to 20 days: parse(print(x)) = x', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_728_000_000_000_000 }), (ns) => {
      expect(parseDuration(formatDuration(ns / 1e6))).toBe(ns / 1e6);
    }),
    { numRuns: 2000 },
  );
});

test('forall sizes: parse(print(x)) = x', () => {
  const size = fc.oneof(
    fc.maxSafeNat(),
    fc.tuple(fc.nat(1023), fc.constantFrom(10, 20, 30, 40)).map(([n, bits]) => n * 2 ** bits),
  );
  fc.assert(fc.property(size, (bytes) => parseBytes(formatBytes(bytes)) === bytes));
});

test('forall shares of CPU: parse(print(x)) = x', () => {
  fc.assert(fc.property(fc.nat(1e9), (millis) => parseCpu(formatCpu(millis)) === millis));
});

test('forall rates of bytes: parse(print(x)) = x', () => {
  fc.assert(fc.property(fc.nat(2e9), (rate) => parseByteRate(formatByteRate(rate)) === rate));
});

test('forall rates of items: parse(print(x)) = x', () => {
  fc.assert(fc.property(fc.nat(1e9), (rate) => parseItemRate(formatItemRate(rate)) === rate));
});

test('forall shares from 0 to 1: parse(print(x)) = x', () => {
  const share = fc.oneof(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(1000).map((n) => n / 1000),
  );
  fc.assert(
    fc.property(share, (ratio) => parseRatio(formatRatio(ratio)) === ratio),
    { numRuns: 1000 },
  );
});

const threshold: fc.Arbitrary<Threshold> = fc.record({
  aggregation: fc.oneof(
    fc.constantFrom('avg', 'min', 'max', 'med', 'count', 'rate', 'value' as const) as fc.Arbitrary<
      Threshold['aggregation']
    >,
    fc.nat(100_000).map((n) => ({ percentile: n / 1000 })),
  ),
  operator: fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
  limit: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()),
});

test('forall thresholds and units: parse(print(x)) = x', () => {
  fc.assert(
    fc.property(threshold, fc.constantFrom('ms', 'items', 'items/s', 'ratio', 'batches'), (one, unit) => {
      expect(parseThreshold(formatThreshold(one), unit)).toEqual({
        ...one,
        limit: one.limit === 0 ? expect.closeTo(0) : one.limit,
      });
    }),
    { numRuns: 2000 },
  );
});

test('forall texts: a threshold parses or says what it expected; it never throws', () => {
  const pieces = fc.array(
    fc.constantFrom('p', '(', '95', ')', '<', '=', '>', '10', 'ms', '%', ' ', 'avg', 'count', '-', 'e5'),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((list) => list.join('')),
      ),
      (text) => {
        const parsed = parseThreshold(text, 'ms');
        if ('expected' in parsed) expect(parsed.expected).not.toBe('');
        else expect(Number.isFinite(parsed.limit)).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});

test('forall measures and tags: parse(print(x)) = x', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}$/);
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(measures)),
      fc.dictionary(word, word, { noNullPrototype: true }),
      (name, tags) => {
        expect(parseMeasure(formatMeasure({ name, tags }))).toEqual({ name, tags });
      },
    ),
  );
});
