import { statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { guardTag } from './guard.ts';
import { heartbeatFile, heartbeatTtlMs } from './heartbeat.ts';
import { findTagged, isAlive } from './process-table.ts';
import { listOpenRuns, type RunState } from './state.ts';
import { sweepRun } from './sweep.ts';

/**
 * Runs of this machine that were killed together with all of their guards, so that nobody is left to undo what they
 * did. One whose heartbeat was renewed within its time may live where its processes cannot be seen from here (a list
 * of runs shared between containers): it is none.
 */
export function abandonedRuns(): RunState[] {
  return listOpenRuns().filter(
    (state) =>
      !isAlive(state.runner) &&
      findTagged(guardTag, state.runId).length === 0 &&
      systemClock.wallMs() - lastSignMs(state) > heartbeatTtlMs,
  );
}

/** Undoes what such runs left, by their journals; gives what was found, as lines that name the run. */
export async function sweepAbandoned(): Promise<string[]> {
  const lines: string[] = [];
  for (const state of abandonedRuns()) {
    const sweep = sweepRun({ state, by: 'recover', clock: systemClock, spare: [] });
    // What of another run cannot be undone must not keep this one from starting.
    const { clean, lines: done } = await sweep.catch((error: Error) => ({
      clean: false,
      lines: [error.message],
    }));
    const found = done.length === 0 ? 'nothing of it was in place' : done.join('; ');
    const next = clean ? '' : `; squall recover --run ${state.runId}`;
    lines.push(`run ${state.runId} was killed with its guards: ${found}${next}`);
  }
  return lines;
}

/** Wall clock, ms since 1970. */
function lastSignMs({ runDir, startedWallMs }: RunState): number {
  const file = join(runDir, heartbeatFile);
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? startedWallMs;
}
