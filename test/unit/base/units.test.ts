import { expect, test } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatRatio,
  parseByteRate,
  parseBytes,
  parseCpu,
  parseDuration,
  parseItemRate,
  parseRatio,
} from '../../../src/base/units.ts';

test.each<[string, number | undefined]>([
  ['0s', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['7d', 604_800_000],
  ['100us', 0.1],
  ['1ns', 0.000001],
  ['30', undefined],
  ['-5s', undefined],
  ['5 s', undefined],
  ['s', undefined],
  ['5 seconds', undefined],
  ['', undefined],
])('duration %j is %j ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each([
  [0, '0s'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [1500, '1s500ms'],
  [0.25, '250us'],
])('%d ms is written %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each<[string, number | undefined]>([
  ['512', 512],
  ['1Gi', 2 ** 30],
  ['64MiB', 64 * 2 ** 20],
  ['10MB', 1e7],
  ['1.5k', 1500],
  ['1gi', undefined],
  ['-1', undefined],
  ['9e30', undefined],
  ['9999999999Ti', undefined],
])('size %j is %j bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test('sizes are written in the largest binary unit that divides them', () => {
  expect([1024, 1000, 2 ** 30, 0].map(formatBytes)).toEqual(['1Ki', '1000B', '1Gi', '0B']);
});

test.each<[string, number | undefined]>([
  ['500m', 500],
  ['2', 2000],
  ['0.5', 500],
  ['2 cores', undefined],
])('CPU %j is %j millicores', (text, millis) => expect(parseCpu(text)).toBe(millis));

test.each<[string, number | undefined]>([
  ['8bit', 1],
  ['2mbit', 250_000],
  ['2Mbit', 250_000],
  ['1gbyte', 1e9],
  ['250kbyte', 250_000],
  ['10mbps', undefined],
  ['10mb', undefined],
  ['10', undefined],
])('rate %j is %j bytes/s', (text, rate) => expect(parseByteRate(text)).toBe(rate));

test.each<[string, number | undefined]>([
  ['5%', 0.05],
  ['0.05', 0.05],
  ['100%', 1],
  ['five', undefined],
  ['-5%', undefined],
])('share %j is %j', (text, ratio) => expect(parseRatio(text)).toBe(ratio));

test('shares are written in per cent', () => {
  expect([0.05, 1, 0.001].map(formatRatio)).toEqual(['5%', '100%', '0.1%']);
});

test.each<[string, number | undefined]>([
  ['10000/s', 10_000],
  ['600/m', 10],
  ['10000', undefined],
])('rate %j is %j items/s', (text, rate) => expect(parseItemRate(text)).toBe(rate));
