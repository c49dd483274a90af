import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { guardTag, startGuard } from '../../../src/fault/guard.ts';
import { heartbeatFile } from '../../../src/fault/heartbeat.ts';
import { findTagged, signalExactly } from '../../../src/fault/process-table.ts';
import { isOpen } from '../../../src/fault/state.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-guard-start-'));
  vi.stubEnv('XDG_STATE_HOME', dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

test('a guard that is killed before its first word leaves no run on the list and no sign of it', async () => {
  const runId = `guard-start-${process.pid}`;
  const started = startGuard({ runId, runDir: dir, journalFile: join(dir, 'journal.jsonl') }).then(
    () => 'started',
    (error: Error) => error.message,
  );
  // Its node needs longer to load the program than the process table to show it.
  await vi.waitFor(() => expect(findTagged(guardTag, runId).length).toBeGreaterThan(0), { interval: 5 });
  for (const guard of findTagged(guardTag, runId)) signalExactly(guard, 'SIGKILL');
  expect(await started).toContain('did not start');
  expect([isOpen(runId), existsSync(join(dir, heartbeatFile))]).toEqual([false, false]);
});
