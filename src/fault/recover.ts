import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, waitFor } from '../base/clock.ts';
import { type LabelledRun, labelledRuns } from '../target/docker-labels.ts';
import { runTag } from '../target/held-process.ts';
import { holderEndMs } from '../target/holder-script.ts';
import { guardTag } from './guard.ts';
import { haltFile, removeSigns } from './heartbeat.ts';
import { holderTimes } from './holder-times.ts';
import { readJournal } from './journal.ts';
import { findTagged, isAlive, orphansOf, signalExactly, type Tagged } from './process-table.ts';
import { openWork } from './replay.ts';
import { isOpen, listOpenRuns, type RunState, readRun } from './state.ts';
import { type SweepResult, sweepRun } from './sweep.ts';
import { executeUndo } from './undo.ts';
import { isElsewhere, tryOn, undoForMs } from './undo-tries.ts';

/** A guard that is at work gets this long before recover does the same itself (both are idempotent). */
const guardMs = 10_000;
const haltMs = 25_000;

/** Hears what is left after a try, when there will be another. */
type OnLate = (line: string) => void;

/**
 * Brings a run of this machine to nothing, without its scenario: from its journal, and by the tag of its processes.
 * `clean` only after reading back that nothing of it remains. A run whose runner lives is left alone: halt it.
 */
export async function recoverRun(runId: string, onLate: OnLate = () => {}): Promise<SweepResult> {
  const state = readRun(runId);
  if (state === undefined) {
    const labelled = (await labelledRuns()).filter((run) => run.runId === runId);
    return joined([
      await recoverTagged(runId, (found) => found),
      ...(await Promise.all(labelled.map((run) => recoverLabelled(run, 'named')))),
    ]);
  }
  if (isAlive(state.runner)) {
    const lines = [`${runId}: still running (process ${state.runner.pid}); squall halt --run ${runId}`];
    return { clean: false, lines };
  }
  return sweepDead(state, onLate);
}

/** Every run of this machine: those listed, and those of which only tagged processes are left. */
export async function recoverAll(onLate: OnLate = () => {}): Promise<SweepResult> {
  const ids = new Set(listOpenRuns().map(({ runId }) => runId));
  for (const { value } of findTagged(runTag)) ids.add(value);
  for (const { value } of findTagged(guardTag)) ids.add(value);
  const results: SweepResult[] = [];
  for (const id of ids) {
    // Of a run that is not listed here, only what has lost its parent is ours to end: it may run in another home.
    results.push(isOpen(id) ? await recoverRun(id, onLate) : await recoverTagged(id, orphansOf));
  }
  for (const run of await labelledRuns()) results.push(await recoverLabelled(run, 'found'));
  const { clean, lines } = joined(results);
  return { clean, lines: results.length === 0 ? ['no run is open'] : lines };
}

function joined(results: readonly SweepResult[]): SweepResult {
  return {
    clean: results.every(({ clean }) => clean),
    lines: results.flatMap(({ lines }) => lines),
  };
}

/**
 * Containers and networks of a run that is on no list here. One whose runner is alive, or a process that cannot be
 * seen from here, is somebody else's to end, unless it was asked for by name.
 */
async function recoverLabelled(run: LabelledRun, how: 'named' | 'found'): Promise<SweepResult> {
  const { runId, daemon, runner } = run;
  const theirs = runner === undefined ? how === 'found' : isAlive(runner);
  if (isOpen(runId) || theirs) {
    const line = `${runId}: its containers are left alone, as its runner is alive or not of this machine`;
    return { clean: true, lines: isOpen(runId) ? [] : [line] };
  }
  const { done, reason } = await executeUndo({ kind: 'docker-objects', daemon, runId });
  return { clean: done, lines: [`${runId}: ${reason}`] };
}

/**
 * The big red button: asks the runner to roll back and end, waits for that, and does it itself if the runner does not.
 * Idempotent; a run that is not open is a success.
 */
export async function haltRun(runId: string): Promise<SweepResult> {
  const state = readRun(runId);
  if (state === undefined) return recoverTagged(runId, (found) => found);
  try {
    writeFileSync(join(state.runDir, haltFile), '');
  } catch {
    // The run folder is gone; the signal is enough.
  }
  signalExactly(state.runner, 'SIGTERM');
  const ended = await waitFor(systemClock, { timeoutMs: haltMs, everyMs: 50 }, () =>
    isOpen(runId) && isAlive(state.runner) ? undefined : true,
  );
  if (ended === undefined) signalExactly(state.runner, 'SIGKILL');
  if (!isOpen(runId)) {
    // The run may have ended by itself just before the file was written.
    removeSigns(state.runDir);
    return { clean: true, lines: [`${runId}: halted, nothing is left`] };
  }
  return sweepDead(state);
}

async function sweepDead(state: RunState, onLate: OnLate = () => {}): Promise<SweepResult> {
  const { runId } = state;
  const atWork = () => findTagged(guardTag, runId).length > 0 && isOpen(runId);
  await waitFor(systemClock, { timeoutMs: guardMs, everyMs: 50 }, () => (atWork() ? undefined : true));
  const result = isOpen(runId) ? await sweepOn(state, onLate) : await recoverTagged(runId, (found) => found);
  const guards = await endGuards(runId);
  const lines = result.lines.length > 0 ? result.lines : ['nothing was left'];
  return {
    clean: result.clean && guards.length === 0,
    lines: [...lines, ...guards].map((line) => (line.startsWith(runId) ? line : `${runId}: ${line}`)),
  };
}

/** Once, and again for a while where others do it. */
async function sweepOn(state: RunState, onLate: OnLate): Promise<SweepResult> {
  const { undos } = openWork(readJournal(state.journalFile));
  const elsewhere = undos.some(isElsewhere);
  let result: SweepResult = { clean: false, lines: [] };
  const options = { clock: systemClock, forMs: elsewhere ? undoForMs : 0 };
  const onFailure = (left: readonly string[]) => {
    if (elsewhere) onLate(`${state.runId}: not clean yet, and tried on: ${left.join('; ')}`);
  };
  await tryOn({ ...options, onFailure }, async () => {
    result = await sweepRun({ state, by: 'recover', clock: systemClock, spare: [] });
    return result.clean ? [] : result.lines.filter((line) => line.startsWith('left: '));
  });
  return result;
}

/** A run that is not on this list: its processes are ended unless a guard watches it (a list kept elsewhere). */
async function recoverTagged(runId: string, choose: (found: Tagged[]) => Tagged[]): Promise<SweepResult> {
  const guarded = await waitFor(systemClock, { timeoutMs: 1_000, everyMs: 50 }, () =>
    findTagged(guardTag, runId).length === 0 ? true : undefined,
  );
  if (guarded === undefined) {
    return { clean: true, lines: [`${runId}: watched by a guard under another state folder; left alone`] };
  }
  const left = await endAll(() => choose(findTagged(runTag, runId)));
  const lines = left.map(({ pid }) => `${runId}: process ${pid} could not be ended`);
  return { clean: left.length === 0, lines: lines.length > 0 ? lines : [`${runId}: nothing is left`] };
}

/** Guards end by themselves once the run is off the list. */
async function endGuards(runId: string): Promise<string[]> {
  if (isOpen(runId)) return [];
  const guards = () => findTagged(guardTag, runId);
  const gone = () => (guards().length === 0 ? true : undefined);
  const ended = await waitFor(systemClock, { timeoutMs: 5_000, everyMs: 50 }, gone);
  const left = ended === true ? [] : await endAll(guards);
  return left.map(({ pid }) => `guard ${pid} could not be ended`);
}

/**
 * Holders get their time: where their runner was just killed they are at it, and nobody else here knows of their folders
 * and volumes. Gives those of the last look, to whom the time was too little: one that comes to the list later was never
 * told to end.
 */
async function endAll(list: () => Tagged[]): Promise<Tagged[]> {
  let left: Tagged[] = [];
  const holders = holderTimes(systemClock);
  await waitFor(systemClock, { timeoutMs: holderEndMs + 5_000, everyMs: 20 }, () => {
    left = list();
    // By the same look: a runner may be killed between two.
    if (holders.atWork(left)) return undefined;
    for (const id of left) signalExactly(id, 'SIGKILL');
    return left.length === 0 ? true : undefined;
  });
  return left;
}
