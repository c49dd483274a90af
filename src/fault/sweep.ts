import { type Clock, waitFor } from '../base/clock.ts';
import { runTag } from '../target/held-process.ts';
import { removeSigns } from './heartbeat.ts';
import { type Actor, type Journal, openJournal, readJournal } from './journal.ts';
import { findTagged, isAlive, type ProcessId, signalExactly } from './process-table.ts';
import { type OpenInjection, type OpenWork, openWork, record, undoInjections } from './replay.ts';
import { forgetRun, type RunState } from './state.ts';
import { executeUndo, leftovers, remainsOf } from './undo.ts';
import { isElsewhere } from './undo-tries.ts';

export interface SweepResult {
  clean: boolean;
  lines: string[];
}

/** Holders of members end by themselves once the runner is gone, and take up to 3 s to remove their control groups. */
const ownEndMs = 4_000;
const killMs = 5_000;

/**
 * Brings a run that has ended to nothing: undoes what its journal leaves open, ends its processes, undoes its
 * resources, reads all of it back, and takes it off the list of open runs only if nothing remains. Idempotent, and
 * safe to run twice at a time. `spare` are processes that carry the tag and must live, such as the caller's runner.
 */
export async function sweepRun(options: {
  state: RunState;
  by: Actor;
  clock: Clock;
  spare: readonly ProcessId[];
}): Promise<SweepResult> {
  const { state, by, clock, spare } = options;
  const journal = openOrNone(state.journalFile, clock);
  const work = openWork(readJournal(state.journalFile));
  const lines = work.injections.map(({ fault, member }) => `undoing ${fault} on ${member}`);
  const power = { execute: executeUndo, remains: remainsOf };
  const undoAll = async (injections: readonly OpenInjection[]): Promise<OpenInjection[]> => {
    const failed: OpenInjection[] = [];
    for (const one of injections.toReversed())
      if ((await undoInjections({ injections: [one], journal, by, power })).length > 0) failed.unshift(one);
    return failed;
  };
  let failed = await undoAll(work.injections);
  lines.push(...(await endProcesses({ runId: state.runId, work, clock, spare })));
  for (const undo of work.resources.toReversed()) {
    // An API server may have come back meanwhile, and a namespace takes a minute to go: a fault does not wait for that.
    if (isElsewhere(undo)) failed = await undoAll(failed);
    await executeUndo(undo);
  }
  let left = await remaining({ runId: state.runId, work, spare });
  if (left.length > 0 && work.closed.length > 0) {
    // What a runner had asked for just before its end may have been done after it was undone and read back.
    await undoInjections({ injections: work.closed, journal, by, power });
    left = await remaining({ runId: state.runId, work, spare });
  }
  const clean = left.length === 0;
  record(journal, { kind: 'run-closed', by, clean, left });
  journal.close();
  if (clean) {
    forgetRun(state.runId);
    // Last: whoever takes over from a guard that is killed here must still see that the run was released.
    removeSigns(state.runDir);
  }
  return { clean, lines: [...lines, ...left.map((line) => `left: ${line}`)] };
}

function openOrNone(file: string, clock: Clock): Journal {
  try {
    return openJournal(file, clock);
  } catch {
    // The run folder is gone or its disk is full; processes are found by their tag all the same.
    return { append: () => {}, close: () => {} };
  }
}

interface Ending {
  runId: string;
  work: OpenWork;
  spare: readonly ProcessId[];
}

/** Read back from /proc, the file system and the Docker daemon; no record of what was done is trusted. */
async function remaining({ runId, work, spare }: Ending): Promise<string[]> {
  const spared = new Set(spare.map(({ pid }) => pid));
  const untagged = work.processes
    .filter((id) => isAlive(id) && !spared.has(id.pid))
    .map(({ name, pid }) => `process ${pid} (${name}) is alive`);
  const tagged = (await leftovers(runId, work.undos)).filter(
    (line) => ![...spared].some((pid) => line.startsWith(`process ${pid} `)),
  );
  return [...new Set([...tagged, ...untagged])];
}

/** Processes by tag and by journal: a tag finds what was started but never written down, and the reverse. */
function processesOf({ runId, work, spare }: Ending): ProcessId[] {
  const spared = new Set([process.pid, ...spare.map(({ pid }) => pid)]);
  const found = new Map<number, ProcessId>();
  for (const id of [...findTagged(runTag, runId), ...work.processes.filter(isAlive)]) {
    if (!spared.has(id.pid)) found.set(id.pid, id);
  }
  return [...found.values()];
}

async function endProcesses(ending: Ending & { clock: Clock }): Promise<string[]> {
  const gone = () => (processesOf(ending).length === 0 ? true : undefined);
  const byThemselves = await waitFor(ending.clock, { timeoutMs: ownEndMs, everyMs: 20 }, gone);
  if (byThemselves !== undefined) return [];
  const lines: string[] = [];
  await waitFor(ending.clock, { timeoutMs: killMs, everyMs: 20 }, () => {
    for (const id of processesOf(ending)) {
      try {
        if (signalExactly(id, 'SIGKILL')) lines.push(`ended process ${id.pid}`);
      } catch (error) {
        lines.push(`process ${id.pid}: ${error instanceof Error ? error.message : error}`);
      }
    }
    return gone();
  });
  return [...new Set(lines)];
}
