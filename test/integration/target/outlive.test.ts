import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { findHierarchy, folderPrefix } from '../../../src/base/cgroup.ts';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { random } from '../../../src/base/random.ts';
import { findTool } from '../../../src/tools/find.ts';

const options = { env: process.env, cacheDir: '/nowhere', presentOnly: true, say: () => {} };
const otelcol = await findTool('otelcol', options).catch(() => undefined);
const prometheus = await findTool('prometheus', options).catch(() => undefined);
const why = otelcol === undefined ? ' (skipped: no otelcol by SQUALL_OTELCOL or on PATH)' : '';
const program = join(import.meta.dirname, '../../fixtures/programs/hold-target.ts');

let dir = '';
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function taggedPids(runId: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
        return (
          state !== 'Z' && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SQUALL_RUN_ID=${runId}\0`)
        );
      } catch {
        return false; // ended between two reads
      }
    });
}

function folders(runId: string): string[] {
  const hierarchy = findHierarchy();
  const parents =
    hierarchy.kind === 'v1'
      ? [hierarchy.cpu, hierarchy.memory]
      : hierarchy.kind === 'v2'
        ? [hierarchy.parent]
        : [];
  return parents.flatMap((parent) =>
    readdirSync(parent)
      .filter((name) => name.startsWith(`${folderPrefix}${runId}`))
      .map((name) => join(parent, name)),
  );
}

function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8').match(new RegExp(`${folder}\\S*`, 'g')) ?? [];
}

describe.skipIf(otelcol === undefined)(`what the runner started ends with it${why}`, () => {
  test.each([1, 2, 3])(
    'SIGKILL of the runner leaves no process, control group or mount (%i)',
    async (round) => {
      dir = mkdtempSync(join(tmpdir(), 'squall-outlive-'));
      const runId = `outlive-${process.pid}-${round}`;
      const args = [program, runId, dir, otelcol?.path ?? '', prometheus?.path ?? ''];
      const runner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [line] = (await once(createInterface({ input: runner.stdout }), 'line')) as [string];
      const { pids } = JSON.parse(line) as { pids: number[] };
      expect(pids).toHaveLength(2);
      expect(taggedPids(runId)).toEqual(expect.arrayContaining(pids));
      if (findHierarchy().kind === 'v1') expect(folders(runId)).toHaveLength(4);
      runner.kill('SIGKILL');
      const mounts = () => mountsBelow(dir);
      if (process.getuid?.() === 0) expect(mounts()).toHaveLength(2);
      const left = () => [...taggedPids(runId), ...folders(runId), ...mounts()];
      await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 20 }, () =>
        left().length === 0 ? true : undefined,
      );
      expect(left()).toEqual([]);
    },
  );

  test('SIGKILL at any instant of the start leaves nothing either', async () => {
    const instants = random(`outlive ${process.pid}`, 'instants');
    for (let round = 0; round < 20; round++) {
      dir = mkdtempSync(join(tmpdir(), 'squall-outlive-'));
      const runId = `outlive-${process.pid}-early-${round}`;
      const args = [program, runId, dir, otelcol?.path ?? '', prometheus?.path ?? ''];
      const runner = spawn(process.execPath, args, { stdio: 'ignore' });
      const gone = once(runner, 'exit');
      const afterMs = 100 + instants.below(900);
      await systemClock.sleep(afterMs);
      runner.kill('SIGKILL');
      await gone;
      const left = () => [...taggedPids(runId), ...folders(runId), ...mountsBelow(dir)];
      await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 20 }, () =>
        left().length === 0 ? true : undefined,
      );
      expect(left(), `killed after ${afterMs} ms`).toEqual([]);
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
