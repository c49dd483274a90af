import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import type { Undo } from '../../../src/fault/fault.ts';
import { backUp, replaceContent } from '../../../src/fault/file-backup.ts';
import { readProcess } from '../../../src/fault/process-table.ts';
import { executeUndo, remainsOf } from '../../../src/fault/undo.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-undo-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const at = (name: string) => join(dir, name);

/** Once does it, twice is a success with a reason, and nothing remains. */
async function twice(undo: Undo): Promise<string[]> {
  const results = [await executeUndo(undo), await executeUndo(undo)];
  expect(results.map(({ done }) => done)).toEqual([true, true]);
  expect(await remainsOf(undo)).toBeUndefined();
  return results.map(({ reason }) => reason);
}

test('unlink', async () => {
  writeFileSync(at('fill'), 'x');
  const undo: Undo = { kind: 'unlink', path: at('fill') };
  expect(await remainsOf(undo)).toContain('exists');
  expect((await twice(undo))[1]).toContain('is gone');
});

test('restore-file puts the prior text back and takes the copy away', async () => {
  writeFileSync(at('config'), 'prior');
  backUp(at('config'), at('copy'));
  replaceContent(at('config'), at('copy'), 'changed');
  const undo: Undo = { kind: 'restore-file', path: at('config'), from: at('copy') };
  expect([readFileSync(at('config'), 'utf8'), await remainsOf(undo)]).toEqual([
    'changed',
    expect.any(String),
  ]);
  await twice(undo);
  expect([readFileSync(at('config'), 'utf8'), existsSync(at('copy'))]).toEqual(['prior', false]);
});

test('restore-file before the copy was made changes nothing', async () => {
  writeFileSync(at('config'), 'prior');
  await twice({ kind: 'restore-file', path: at('config'), from: at('copy') });
  expect(readFileSync(at('config'), 'utf8')).toBe('prior');
});

test('remove-tree takes only what bears our name', async () => {
  mkdirSync(at('squall-scratch/deep'), { recursive: true });
  await twice({ kind: 'remove-tree', path: at('squall-scratch') });
  mkdirSync(at('theirs'));
  expect(await executeUndo({ kind: 'remove-tree', path: at('theirs') })).toMatchObject({ done: false });
  expect(existsSync(at('theirs'))).toBe(true);
});

test('remove-folder does not remove a folder that holds something, and says so', async () => {
  mkdirSync(at('group'));
  writeFileSync(at('group/file'), '');
  expect(await executeUndo({ kind: 'remove-folder', path: at('group') })).toMatchObject({ done: false });
  rmSync(at('group/file'));
  await twice({ kind: 'remove-folder', path: at('group') });
});

test('signal: a process of another start is left alone, though it has the pid', async () => {
  const victim = spawn('sleep', ['60'], { stdio: 'ignore' });
  const { pid = 0 } = victim;
  const startTicks = readProcess(pid)?.startTicks ?? 0;
  process.kill(pid, 'SIGSTOP');
  await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 5 }, () =>
    readProcess(pid)?.state === 'T' ? true : undefined,
  );
  const other: Undo = { kind: 'signal', pid, startTicks: startTicks + 1, signal: 'SIGCONT' };
  expect(await executeUndo(other)).toEqual({ done: true, reason: `process ${pid} is gone` });
  expect(readProcess(pid)?.state).toBe('T');
  await twice({ kind: 'signal', pid, startTicks, signal: 'SIGCONT' });
  victim.kill('SIGKILL');
});
