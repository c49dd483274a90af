import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SquallError } from '../../../src/base/errors.ts';
import { leftAfter, toRunError } from '../../../src/run/failure.ts';

const dir = mkdtempSync(join(tmpdir(), 'squall-failure-'));
const run = {
  dir,
  runId: 'r1',
  command: 'squall run x.yaml',
  signal: new AbortController().signal,
  secrets: ['hunter22'],
  left: [],
};

test('a defect: its message in the error, its stack in the folder without secrets', () => {
  const error = toRunError(new TypeError('x of hunter22 is not a function'), run);
  expect(error.parts).toMatchObject({
    code: 'SQ-INTERNAL',
    where: join(dir, 'defect.txt'),
    next: run.command,
  });
  expect(error.exitCode).toBe(4);
  const stack = readFileSync(join(dir, 'defect.txt'), 'utf8');
  expect(stack).toContain('TypeError: x of *** is not a function');
  expect(stack).toContain('failure.test.ts');
});

test('a full disk is the output folder, not a defect', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(toRunError(full, run).parts).toMatchObject({ code: 'SQ-OUT-UNWRITABLE', where: dir });
});

test('what clean-up left comes first, with the error beside it', () => {
  const cause = new SquallError({ code: 'SQ-TARGET-START', what: 'it did not start', next: 'x' });
  const error = toRunError(cause, { ...run, left: ['target: process 7 is alive'] });
  expect(error.parts).toMatchObject({ code: 'SQ-RECOVERY-INCOMPLETE', next: 'squall recover --run r1' });
  expect(error.others).toEqual([cause.parts]);
  expect(error.exitCode).toBe(5);
});

test('a defect that aborted the run is told; an abort without one is an interruption', () => {
  const defect = new SquallError({ code: 'SQ-INTERNAL', what: 'x', next: 'y' });
  expect(toRunError(new Error('aborted'), { ...run, signal: AbortSignal.abort(defect) })).toBe(defect);
  const stopped = toRunError(new Error('aborted'), {
    ...run,
    signal: AbortSignal.abort(new Error('SIGINT')),
  });
  expect(stopped.exitCode).toBe(130);
});

test('what failed to be taken away is nothing left once the guard has read back that all is gone', () => {
  const failures = [
    { title: 'target', message: 'connect ECONNREFUSED' },
    { title: 'logs', message: 'EIO' },
  ];
  expect(leftAfter(failures, false)).toEqual(['target: connect ECONNREFUSED', 'logs: EIO']);
  expect(leftAfter(failures, true)).toEqual(['logs: EIO']);
});
