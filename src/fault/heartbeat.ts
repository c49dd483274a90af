import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { OpenInjection } from './replay.ts';

/** Renewed by the runner; whoever holds a fault takes it off when it was not renewed for the TTL. */
export const heartbeatEveryMs = 5_000;
export const heartbeatTtlMs = 15_000;

/** In the run's folder. */
export const heartbeatFile = 'heartbeat';

export interface Heartbeat {
  beat: number;
  /** The runner ended in order and asks for the last look. */
  released: boolean;
}

export function writeHeartbeat(runDir: string, heartbeat: Heartbeat): void {
  const file = join(runDir, heartbeatFile);
  const text = JSON.stringify(heartbeat).padEnd(textBytes);
  try {
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  } catch (error) {
    rmSync(`${file}.part`, { force: true });
    if (!existsSync(file)) throw error;
    overwrite(file, text);
  }
}

/** Of every heartbeat, so that one takes the place of another. */
const textBytes = 64;

/** A full disk has room for what stands on it already: it must not look like the death of the runner. */
function overwrite(file: string, text: string): void {
  const fd = openSync(file, 'r+');
  try {
    writeSync(fd, text, 0);
  } finally {
    closeSync(fd);
  }
}

/** The file in the run's folder by which a run is asked to stop. */
export const haltFile = 'halt';

/** Takes away what a running run keeps in its folder to be seen and spoken to by others. Idempotent. */
export function removeSigns(runDir: string): void {
  for (const name of [heartbeatFile, `${heartbeatFile}.part`, haltFile])
    rmSync(join(runDir, name), { force: true });
}

/** Undefined when there is none yet, or its folder is gone. */
export function readHeartbeat(runDir: string): Heartbeat | undefined {
  try {
    return JSON.parse(readFileSync(join(runDir, heartbeatFile), 'utf8')) as Heartbeat;
  } catch {
    // Absent counts as not renewed; it is written by rename, so it is never half there.
    return undefined;
  }
}

export interface Watch {
  runnerAlive: boolean;
  released: boolean;
  /** Since the guard itself last saw the heartbeat change, by its own monotonic clock. */
  beatAgeMs: number;
  nowNs: number;
  open: readonly OpenInjection[];
  /** The guard undid what was late, and the heartbeat has not changed since. */
  overslept?: boolean;
}

export type Judgement =
  | { kind: 'watch' }
  /** The runner is gone or done: bring the run to nothing. */
  | { kind: 'sweep' }
  /**
   * The runner hangs while a fault is in place: end it first, so that it cannot inject again when it wakes. The same
   * when it holds a fault in its own threads past its deadline: that ends only with it.
   */
  | { kind: 'fence' }
  /** The runner lives but did not undo these in time. */
  | { kind: 'expire'; injections: string[] };

/** The runner undoes its own faults; the guard comes in only this long after a deadline. */
export const deadlineGraceMs = 2_000;

/** What a guard does at one look. Pure. */
export function judgeWatch(watch: Watch): Judgement {
  if (!watch.runnerAlive || watch.released) return { kind: 'sweep' };
  // A kill leaves nothing to undo: it is no reason to end a runner.
  const open = watch.open.filter(({ undo }) => undo.length > 0);
  const mayStrike = open.length > 0 || watch.overslept === true;
  if (mayStrike && watch.beatAgeMs > heartbeatTtlMs) return { kind: 'fence' };
  if (open.length === 0) return { kind: 'watch' };
  const late = open.filter(({ deadlineNs }) => watch.nowNs > deadlineNs + deadlineGraceMs * 1e6);
  if (late.some(({ undo }) => undo.some(({ kind }) => kind === 'in-process'))) return { kind: 'fence' };
  return late.length === 0
    ? { kind: 'watch' }
    : { kind: 'expire', injections: late.map(({ injection }) => injection) };
}
