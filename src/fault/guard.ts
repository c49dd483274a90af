import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { runTag } from '../target/held-process.ts';
import { watchRun } from './guard-watch.ts';
import { heartbeatEveryMs, removeSigns, writeHeartbeat } from './heartbeat.ts';
import { readJournal } from './journal.ts';
import { findTagged, isAlive, type ProcessId } from './process-table.ts';
import { openWork } from './replay.ts';
import { isOpen, openRun, readRun } from './state.ts';
import { sweepRun } from './sweep.ts';
import { isElsewhere } from './undo-tries.ts';

/** Tag in the environment of guards, by which `recover` finds them; they do not carry the tag of the run. */
export const guardTag = 'SQUALL_GUARD_OF';

export interface Guard {
  /**
   * Returns when a guard watches: at once as a rule, after starting a new one when all were killed. Rejects with
   * SQ-PRECONDITION when there is none: then nothing may be injected.
   */
  ensure(): Promise<void>;
  /**
   * At the end of the run, after everything was rolled back and taken down: the guard reads back that nothing is
   * left, takes the run off the list of open runs and exits. `clean` is what it found.
   */
  release(): Promise<{ clean: boolean; left: string[] }>;
}

/**
 * first: watches the runner. second: watches the first, and takes its place when it is killed.
 */
export interface GuardStart {
  runId: string;
  role: 'first' | 'second';
  /** The pipe on stdin is the runner's (or the first's) and its end means death. */
  piped: boolean;
}

const readyMs = 20_000;
const releaseMs = 30_000;
/** Where others do what is left: less than a step of clean-up may take. */
const releaseElsewhereMs = 25_000;

/**
 * Starts the process that undoes everything if this one dies, and returns when it has acknowledged that it watches.
 * Registers the run if that was not done. Rejects with SQ-PRECONDITION: then no fault may be injected.
 */
export async function startGuard(options: {
  runId: string;
  runDir: string;
  journalFile: string;
  clock?: Clock;
}): Promise<Guard> {
  const clock = options.clock ?? systemClock;
  const { runId, runDir, journalFile } = options;
  if (!isOpen(runId)) openRun({ runId, runDir, journalFile });
  let beat = 0;
  writeHeartbeat(runDir, { beat, released: false });
  let child = await spawnGuard({ runId, role: 'first', piped: true }).catch(async (error: unknown) => {
    // No fault was injected yet: the run is taken off the list by the runner, which no guard watches.
    await sweepAlone(runId, clock);
    removeSigns(runDir);
    throw error;
  });
  const isGuarded = guardLook(runId);
  let starting: Promise<void> | undefined;
  const restart = async () => {
    child = await spawnGuard({ runId, role: 'first', piped: true });
  };
  const ensure = async () => {
    if (starting === undefined && isGuarded()) return;
    starting ??= restart().finally(() => {
      starting = undefined;
    });
    await starting;
  };
  const timer = setInterval(() => {
    beat += 1;
    writeHeartbeat(runDir, { beat, released: false });
    ensure().catch(() => {
      // Tried again at the next beat; until then ensure() keeps faults from being injected.
    });
  }, heartbeatEveryMs);
  timer.unref();
  const release = async () => {
    clearInterval(timer);
    await starting?.catch(() => undefined); // one that did not start is as good as none
    writeHeartbeat(runDir, { beat: beat + 1, released: true });
    child.stdin?.end();
    // It tries on: an API server that is away may be back in a moment.
    const elsewhere = openWork(readJournal(journalFile)).undos.some(isElsewhere);
    const timeoutMs = elsewhere ? releaseElsewhereMs : releaseMs;
    const closed = await waitFor(clock, { timeoutMs, everyMs: 20 }, () => {
      if (!isOpen(runId)) return { clean: true, left: [] };
      if (!isGuarded()) return 'unguarded';
      return elsewhere ? undefined : closedUnclean(journalFile);
    });
    removeSigns(runDir);
    if (closed === 'unguarded') return sweepAlone(runId, clock);
    const late = { clean: false, left: [`the guard did not end within ${timeoutMs / 1000} s`] };
    return closed ?? closedUnclean(journalFile) ?? late;
  };
  let released: Promise<{ clean: boolean; left: string[] }> | undefined;
  return {
    ensure,
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** Whether any guard of the run lives. The whole process table is read only when none of those known does. */
function guardLook(runId: string): () => boolean {
  let known: ProcessId[] = [];
  return () => {
    if (!known.some(isAlive)) known = findTagged(guardTag, runId);
    return known.length > 0;
  };
}

/** All guards were killed: what is left to do is a look, which the runner can do as well. */
async function sweepAlone(runId: string, clock: Clock): Promise<{ clean: boolean; left: string[] }> {
  const state = readRun(runId);
  if (state === undefined) return { clean: true, left: [] };
  const { clean, lines } = await sweepRun({ state, by: 'runner', clock, spare: [state.runner] });
  return { clean, left: clean ? [] : lines };
}

function closedUnclean(journalFile: string): { clean: boolean; left: string[] } | undefined {
  const closed = readJournal(journalFile).findLast((entry) => entry.kind === 'run-closed');
  return closed?.clean === false ? { clean: false, left: closed.left } : undefined;
}

/** Starts a guard process and waits for its word on fd 3. */
export async function spawnGuard(start: GuardStart): Promise<ChildProcess> {
  const { [runTag]: _, ...env } = process.env;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(start)], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    env: { ...env, [guardTag]: start.runId },
  });
  const word = child.stdio[3];
  const ready = Promise.withResolvers<boolean>();
  if (word instanceof Readable) {
    word.once('data', () => ready.resolve(true)).once('close', () => ready.resolve(false));
  }
  child.once('error', () => ready.resolve(false)).once('exit', () => ready.resolve(false));
  // Writing to a guard that was killed raises EPIPE; that it is gone is seen elsewhere.
  child.stdin?.on('error', () => {});
  const timer = setTimeout(() => ready.resolve(false), readyMs);
  const acknowledged = await ready.promise;
  clearTimeout(timer);
  if (word instanceof Readable) word.destroy();
  if (!acknowledged) throw guardError(child);
  child.unref();
  return child;
}

function guardError(child: ChildProcess): SquallError {
  child.kill('SIGKILL');
  return new SquallError({
    code: 'SQ-PRECONDITION',
    what: 'the guard, which undoes faults if the run dies, did not start',
    where: fileURLToPath(import.meta.url),
    expected: `its word within ${readyMs / 1000} s`,
    found: child.exitCode === null ? 'none' : `exit code ${child.exitCode}`,
    next: 'squall doctor',
  });
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
  const start = JSON.parse(process.argv[2] ?? '') as GuardStart;
  const ended = new AbortController();
  if (start.piped) {
    process.stdin.on('end', () => ended.abort()).on('error', () => ended.abort());
    process.stdin.resume();
  }
  await watchRun({
    start,
    ended: ended.signal,
    ready: () => writeSync(3, 'ready\n'),
    spawnSecond: () => spawnGuard({ runId: start.runId, role: 'second', piped: true }),
    readState: () => readRun(start.runId),
    clock: systemClock,
  });
  process.exit(0);
}

if (import.meta.main) await main();
