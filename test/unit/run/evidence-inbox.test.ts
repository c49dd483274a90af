import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInbox } from '../../../src/run/evidence-inbox.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-inbox-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const bytes = Buffer.from('0123456789');
const sumOf = (content: Buffer) => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

test('pieces make the file, and the digest proves it', async () => {
  const inbox = createInbox(dir);
  inbox.take({ file: 'arrivals.bin', at: 0 }, bytes.subarray(0, 4));
  inbox.take({ file: 'arrivals.bin', at: 4 }, bytes.subarray(4));
  expect(inbox.have()).toEqual({ 'arrivals.bin': 10 });
  expect(readFileSync(join(dir, 'arrivals.bin'))).toEqual(bytes);
  expect(await inbox.difference({ 'arrivals.bin': sumOf(bytes) })).toBeUndefined();
});

test('a piece that leaves a gap or comes twice is refused', () => {
  const inbox = createInbox(dir);
  inbox.take({ file: 'requests-3.bin', at: 0 }, bytes);
  expect(() => inbox.take({ file: 'requests-3.bin', at: 12 }, bytes)).toThrow(/goes on at 12, and 10 bytes/);
  expect(() => inbox.take({ file: 'requests-3.bin', at: 0 }, bytes)).toThrow(/goes on at 0/);
});

test.each([
  ['a byte less', sumOf(bytes.subarray(0, 9))],
  ['another byte', sumOf(Buffer.from('012345678X'))],
])('%s than the pod has is a difference', async (_, sum) => {
  const inbox = createInbox(dir);
  inbox.take({ file: 'arrivals.bin', at: 0 }, bytes);
  expect(await inbox.difference({ 'arrivals.bin': sum })).toMatch(/^arrivals\.bin /);
});

test.each(['../arrivals.bin', '/etc/passwd', 'record.json', 'arrivals.bin/x', ''])(
  'a pod cannot write to %j',
  (file) => {
    expect(() => createInbox(dir).take({ file, at: 0 }, bytes)).toThrow(/no evidence/);
  },
);
