import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { openJournal } from '../../../src/fault/journal.ts';
import { isOpen, openRun } from '../../../src/fault/state.ts';
import { sweepRun } from '../../../src/fault/sweep.ts';

test('what a dead runner had asked for is undone, though it came after it was undone and read back', async () => {
  const runDir = mkdtempSync(join(tmpdir(), 'squall-sweep-'));
  vi.stubEnv('XDG_STATE_HOME', join(runDir, 'state'));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(runDir, { recursive: true });
  });
  const runId = `sweep-${process.pid}`;
  const state = openRun({ runId, runDir });
  const journal = openJournal(state.journalFile, clock);
  const injection = 'fill/a/0';
  const path = join(runDir, 'fill');
  const named = { fault: 'fill', faultKind: 'disk-fill', member: 'a' };
  journal.append({ kind: 'intent', injection, ...named, undo: [{ kind: 'unlink', path }], deadlineNs: 0 });
  journal.append({ kind: 'verified', injection, by: 'guard', seen: true });
  journal.close();
  writeFileSync(path, 'late');
  expect(await sweepRun({ state, by: 'guard', clock, spare: [] })).toMatchObject({ clean: true });
  expect([existsSync(path), isOpen(runId)]).toEqual([false, false]);
});
