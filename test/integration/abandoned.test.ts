import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { guardTag } from '../../src/fault/guard.ts';
import { heartbeatFile } from '../../src/fault/heartbeat.ts';
import { findTagged } from '../../src/fault/process-table.ts';
import { isOpen } from '../../src/fault/state.ts';
import { runTag } from '../../src/target/held-process.ts';
import { smallScenario } from '../fixtures/hostile.ts';
import { startProgram } from '../fixtures/programs/program.ts';
import { makePlace, squall } from '../fixtures/squall.ts';

/**
 * A run whose runner and guards were all killed has nobody left: the next run undoes it. Tried by breaking the code:
 * without the sweep at the start, with a living run swept, and with a fresh heartbeat swept, each time a line fails.
 */
const place = makePlace();
const priorHome = process.env.XDG_STATE_HOME;
process.env.XDG_STATE_HOME = place.env.XDG_STATE_HOME;
afterAll(() => {
  if (priorHome === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = priorHome;
});

test('the next run undoes what was left, and doctor says it before', async () => {
  const [dead, alive] = [`dead-${process.pid}`, `alive-${process.pid}`];
  const runDir = join(place.dir, dead);
  const living = startProgram('fault-runner.ts', [alive, join(place.dir, alive)]);
  await living.says('started');
  const victim = startProgram('fault-runner.ts', [dead, runDir]);
  await victim.says('started');
  const config = () => readFileSync(join(runDir, 'work', 'config.yaml'), 'utf8');
  const changed = await waitFor(clock, { timeoutMs: 60_000, everyMs: 20 }, () =>
    config() === 'receivers: {}\n' ? undefined : true,
  );
  expect(changed).toBe(true);
  // All at once: a guard that saw the runner's end would undo it.
  for (const { pid } of findTagged(guardTag, dead)) process.kill(pid, 'SIGKILL');
  victim.child.kill('SIGKILL');
  await victim.exited;
  expect(isOpen(dead)).toBe(true);
  const left = config();

  const doctor = async () =>
    (
      JSON.parse((await squall(['doctor', '--json'], { env: place.env })).stdout) as {
        name: string;
        value: string;
      }[]
    ).find(({ name }) => name === 'dead runs')?.value;
  // Its heartbeat is fresh: it could live where its processes are not seen.
  expect(await doctor()).toBe('none');
  utimesSync(join(runDir, heartbeatFile), 0, 0);
  expect(await doctor()).toBe(dead);

  const scenario = join(place.dir, 'scenario.yaml');
  mkdirSync(place.dir, { recursive: true });
  writeFileSync(scenario, stringify(smallScenario()));
  const ended = await squall(['run', scenario, '--out', join(place.dir, 'next')], { env: place.env });
  expect(ended.stderr).toContain(`run ${dead} was killed with its guards: `);
  // Unless it came to its end within the same moment.
  if (left !== 'receivers: {}\n') expect(ended.stderr).toContain('undoing change on collector-0');
  expect(ended.stderr).not.toContain(`run ${alive}`);
  expect([isOpen(dead), config(), findTagged(runTag, dead)]).toEqual([false, 'receivers: {}\n', []]);
  expect(await doctor()).toBe('none');
  await living.exited;
  expect(living.words.at(-1)).toContain('"clean":true');
});
