import { expect, test } from 'vitest';
import * as format from '../../../src/report/format.ts';

test.each<[string, string]>([
  [format.formatCount(1_234_567), '1,234,567'],
  [format.formatCount(null), 'no data'],
  [format.formatCount('Infinity'), '∞'],
  [format.formatNumber(0), '0'],
  [format.formatNumber(4.27149), '4.271'],
  [format.formatNumber(0.000123456), '0.0001235'],
  [format.formatNumber(99_999.6), '100,000'],
  [format.formatNumber(12.5), '12.5'],
  [format.formatNumber(1200), '1,200'],
  [format.formatAgainst(9.99996, 10), '9.99996'],
  [format.formatAgainst(10.00001, 10), '10.00001'],
  [format.formatAgainst(10, 10), '10'],
  [format.formatPercent(1), '100 %'],
  [format.formatPercent(0.999999), '99.99 %'],
  [format.formatPercent(0.957), '95.7 %'],
  [format.formatPercent(null), 'no data'],
  [format.formatMs('Infinity'), '∞ ms'],
  [format.formatSeconds(20.0041), '20.004 s'],
  [format.formatSeconds(0), '0 s'],
  [format.formatSeconds(100), '100 s'],
  [format.formatDuration(95.2), '1 min 35 s'],
  [format.formatDuration(3600), '1 h'],
  [format.formatDuration(0), '0 s'],
  [format.formatBytes(1024 ** 3), '1 GiB'],
  [format.formatUnit(12, 'count'), '12'],
  [format.formatUnit(null, 'ms'), 'no data'],
  [format.oneLine('a\u001b[2J\n b\u202e'), 'a [2J b'],
  [format.oneLine('x'.repeat(400)), `${'x'.repeat(299)}…`],
])('%s is %s', (shown, expected) => {
  expect(shown).toBe(expected);
});
