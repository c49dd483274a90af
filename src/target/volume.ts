import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { waitFor } from '../base/clock.ts';
import { type HeldProcess, spawnHeld } from './held-process.ts';

/**
 * Makes the folder a volume in memory of this size, held by a process of its own, so that it outlives restarts of the
 * collector but not the run. Undefined, when this machine does not let us mount.
 */
export async function mountVolume(options: {
  dir: string;
  sizeBytes: number;
  runId: string;
  name: string;
  clock: Clock;
}): Promise<HeldProcess | undefined> {
  const { dir, sizeBytes, clock } = options;
  const holder = await spawnHeld({
    command: 'sleep',
    args: ['2147483647'],
    env: {},
    logFile: '/dev/null',
    cgroups: [],
    volumes: [{ dir, sizeBytes }],
    runId: options.runId,
    name: `${options.name} volume`,
    clock,
  });
  const mounted = await waitFor(clock, { timeoutMs: 1000, everyMs: 10 }, async () =>
    (await stat(dir)).dev === (await stat(dirname(dir))).dev ? undefined : true,
  );
  if (mounted === true) return holder;
  await holder.release();
  return undefined;
}
