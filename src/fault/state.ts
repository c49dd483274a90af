import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../base/checked-lines.ts';
import { systemClock } from '../base/clock.ts';
import { type ProcessId, self } from './process-table.ts';

/** A run on this machine that has not been shown clean: it stands in the state folder from before its first process. */
export interface RunState {
  runId: string;
  /** Absolute. */
  runDir: string;
  journalFile: string;
  runner: ProcessId;
  startedWallMs: number;
}

/** Ended runs that are remembered. */
const rememberedRuns = 100;

const stateSchema: z.ZodType<RunState> = z.object({
  runId: z.string(),
  runDir: z.string(),
  journalFile: z.string(),
  runner: z.object({ pid: z.number(), startTicks: z.number() }),
  startedWallMs: z.number(),
});

/** $XDG_STATE_HOME/squall/runs, by default ~/.local/state/squall/runs. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const home = env.XDG_STATE_HOME;
  return join(
    home === undefined || home === '' ? join(homedir(), '.local', 'state') : home,
    'squall',
    'runs',
  );
}

function endedFolder(): string {
  return join(dirname(stateFolder()), 'ended');
}

function endedFile(runId: string): string {
  return join(endedFolder(), fileName(runId));
}

function stateFile(runId: string): string {
  return join(stateFolder(), fileName(runId));
}

/** A run id may come from the command line: it must not lead out of the folder. */
function fileName(runId: string): string {
  return `${encodeURIComponent(runId).replaceAll('.', '%2E')}.json`;
}

/**
 * Records this process as the runner of RUN. Durable when it returns; call it before anything is started. It is taken
 * off by the guard's last look (Guard.release) or by recover, never by the runner: only after reading back.
 */
export function openRun(options: { runId: string; runDir: string; journalFile?: string }): RunState {
  const { runId, runDir } = options;
  const journalFile = options.journalFile ?? join(runDir, 'journal.jsonl');
  const state = { runId, runDir, journalFile, runner: self(), startedWallMs: systemClock.wallMs() };
  const dir = stateFolder();
  mkdirSync(dir, { recursive: true });
  const file = stateFile(runId);
  const part = `${file}.${process.pid}.part`;
  const fd = openSync(part, 'w', 0o600);
  try {
    writeSync(fd, JSON.stringify(state));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, file);
  syncFolder(dir);
  return state;
}

/** Undefined when the run is clean (or was never here). */
export function readRun(runId: string): RunState | undefined {
  return readState(stateFile(runId));
}

export function isOpen(runId: string): boolean {
  return existsSync(stateFile(runId));
}

/** Takes the run off the list; that it was here is remembered for a while, so that ending it again is no mistake. */
export function forgetRun(runId: string): void {
  const ended = endedFolder();
  mkdirSync(ended, { recursive: true });
  try {
    renameSync(stateFile(runId), endedFile(runId));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    // Another one showed it clean at the same time.
  }
  const files = readdirSync(ended).map((name) => join(ended, name));
  if (files.length <= rememberedRuns) return;
  const byAge = files.toSorted((a, b) => ageMs(b) - ageMs(a));
  for (const file of byAge.slice(0, files.length - rememberedRuns)) rmSync(file, { force: true });
}

/** Whether this run was open here and has been shown clean, as far as that is remembered. */
export function hasEnded(runId: string): boolean {
  return existsSync(endedFile(runId));
}

function ageMs(file: string): number {
  return systemClock.wallMs() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

/** Runs that were started here and not yet shown clean, oldest first. */
export function listOpenRuns(): RunState[] {
  const dir = stateFolder();
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readState(join(dir, name)))
    .filter((state) => state !== undefined)
    .sort((a, b) => a.startedWallMs - b.startedWallMs);
}

function readState(file: string): RunState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Removed between the listing and the read: somebody showed it clean.
    return undefined;
  }
  return stateSchema.parse(JSON.parse(text));
}
