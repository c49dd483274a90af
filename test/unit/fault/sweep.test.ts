import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock as clock } from '../../../src/base/clock.ts';
import { openJournal, readJournal } from '../../../src/fault/journal.ts';
import { isOpen, openRun } from '../../../src/fault/state.ts';
import { sweepRun } from '../../../src/fault/sweep.ts';

/** A run that is open and has no processes. */
function deadRun() {
  const runDir = mkdtempSync(join(tmpdir(), 'squall-sweep-'));
  vi.stubEnv('XDG_STATE_HOME', join(runDir, 'state'));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(runDir, { recursive: true });
  });
  const runId = `sweep-${process.pid}`;
  const state = openRun({ runId, runDir });
  return { runDir, runId, state, journal: openJournal(state.journalFile, clock) };
}

test('what a dead runner had asked for is undone, though it came after it was undone and read back', async () => {
  const { runDir, runId, state, journal } = deadRun();
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

test('a fault whose undo failed is tried again before what others take their time for', async () => {
  const { runDir, runId, state, journal } = deadRun();
  // A folder cannot be unlinked; another resource takes it away, as something comes back while others are undone.
  const path = join(runDir, 'work');
  mkdirSync(path);
  const away = { kind: 'docker-objects' as const, daemon: `unix://${join(runDir, 'none.sock')}`, runId };
  journal.append({ kind: 'resource', what: 'containers', undo: [away] });
  journal.append({ kind: 'resource', what: 'members', undo: [{ kind: 'remove-work', runDir }] });
  const named = { injection: 'fill/a/0', fault: 'fill', faultKind: 'disk-fill', member: 'a' };
  journal.append({ kind: 'intent', ...named, undo: [{ kind: 'unlink', path }], deadlineNs: 0 });
  journal.close();
  expect(await sweepRun({ state, by: 'guard', clock, spare: [] })).toMatchObject({ clean: false });
  const tries = readJournal(state.journalFile).filter(({ kind }) => kind === 'verified');
  expect(tries).toMatchObject([{ seen: false }, { seen: true }]);
});
