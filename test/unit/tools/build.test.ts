import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pinned } from '../../../src/tools/versions.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../../src/tools/prometheus/${name}`, import.meta.url), 'utf8');

test('the pinned module file builds the release that is named', () => {
  const required = /github\.com\/prometheus\/prometheus v0\.(\d)(\d\d)\.(\d+)/.exec(read('go.mod'));
  const [, major, minor, patch] = required?.map(Number) ?? [];
  expect(`${major}.${minor}.${patch}`).toBe(pinned.prometheus);
});

test('every required module has its checksum', () => {
  const required = [...read('go.mod').matchAll(/^\t(\S+ v\S+)/gm)].map((match) => match[1]);
  const sums = read('go.sum').split('\n');
  expect(required.length).toBeGreaterThan(100);
  expect(required.filter((module) => !sums.some((line) => line.startsWith(`${module} h1:`)))).toEqual([]);
});
