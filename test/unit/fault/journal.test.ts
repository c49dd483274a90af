import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { type JournalEvent, openJournal, readJournal } from '../../../src/fault/journal.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-journal-'));
  file = join(dir, 'journal.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const applied = (injection: string): JournalEvent => ({ kind: 'applied', injection, by: 'runner' });
const names = () =>
  readJournal(file).map((entry) => (entry.kind === 'applied' ? entry.injection : entry.kind));

test('what was appended is read back, line by line JSON, from several writers', () => {
  const [first, second] = [openJournal(file, systemClock), openJournal(file, systemClock)];
  first.append(applied('a'));
  second.append(applied('b "quoted" \u2028 é'));
  first.append(applied('c'));
  expect(names()).toEqual(['a', 'b "quoted" \u2028 é', 'c']);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => typeof JSON.parse(line).sum)).toEqual(['string', 'string', 'string']);
});

test('no such file: nothing', () => {
  expect(readJournal(file)).toEqual([]);
});

test('a tail torn at any byte loses that line only, and the next writer starts a line of its own', () => {
  const journal = openJournal(file, systemClock);
  journal.append(applied('whole'));
  const wholeBytes = readFileSync(file).length;
  journal.append(applied('torn'));
  const allBytes = readFileSync(file).length;
  const text = readFileSync(file);
  for (let length = wholeBytes + 1; length < allBytes - 1; length++) {
    truncateSync(file, 0);
    appendFileSync(file, text.subarray(0, length));
    expect(names()).toEqual(['whole']);
    openJournal(file, systemClock).append(applied('next'));
    expect(names()).toEqual(['whole', 'next']);
  }
});

test('a line whose text was changed is not believed', () => {
  openJournal(file, systemClock).append(applied('abc'));
  const text = readFileSync(file, 'utf8').replace('"abc"', '"abd"');
  truncateSync(file, 0);
  appendFileSync(file, text);
  expect(names()).toEqual([]);
});
