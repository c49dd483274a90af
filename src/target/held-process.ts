import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { parseProcessStat } from '../base/process-stat.ts';
import { holderName, holderScript } from './holder-script.ts';
import type { ProcessIdentity } from './target.ts';

export interface HoldOptions {
  /** Absolute path, or a name on the PATH of `env`. */
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Output of the process is appended here. */
  logFile: string;
  /** Working folder; undefined: the runner's. */
  cwd?: string;
  /** Folders that the holder makes, the process enters, and the holder removes; used by one start only. */
  cgroups: readonly string[];
  /** Limits, written once the folders are there. */
  cgroupWrites?: readonly { file: string; value: string }[];
  /** Folders that become volumes in memory for as long as the process lives; needs the right to mount. */
  volumes?: readonly { dir: string; sizeBytes: number }[];
  runId: string;
  /** For messages. */
  name: string;
  clock?: Clock;
}

export interface ProcessExit {
  atNs: number;
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface HeldProcess {
  pid: number;
  /** Field 22 of /proc/PID/stat: tells a reused pid apart; 0 where there is no /proc. */
  startTicks: number;
  identity: ProcessIdentity;
  startedNs: number;
  /** Resolves when the process has ended; never rejects. */
  exited: Promise<ProcessExit>;
  /** False when it had ended already. */
  signal(signal: NodeJS.Signals): boolean;
  /** Lets the holder kill it and remove its folders; resolves when both are done. */
  release(): Promise<void>;
}

/** Tag in the environment of every process of a run, by which leftovers are found in /proc/PID/environ. */
export const runTag = 'SQUALL_RUN_ID';

/**
 * Starts a process that cannot outlive the runner: see holder-script.ts. Rejects with SQ-TARGET-START when it could
 * not be started at all; a process that ends at once shows in `exited`.
 */
export async function spawnHeld(options: HoldOptions): Promise<HeldProcess> {
  const clock = options.clock ?? systemClock;
  const holder = spawnHolder(options);
  const reports = holder.stdio[3];
  if (!(reports instanceof Readable)) throw new Error('the holder has no report pipe');
  const lines = createInterface({ input: reports });
  holder.unref();
  const started = Promise.withResolvers<{ pid: number; startTicks: number }>();
  const exited = Promise.withResolvers<ProcessExit>();
  let ended = false;
  const end = (exit: Omit<ProcessExit, 'atNs'>) => {
    ended = true;
    exited.resolve({ atNs: clock.nowNs(), ...exit });
  };
  lines.on('line', (line) => {
    const report = parseReport(line);
    if (report?.kind === 'pid') started.resolve(report);
    else if (report?.kind === 'exit') end({ code: report.code, signal: report.signal });
  });
  // No report before the end: the watcher was quicker than the shell, and it only knows SIGKILL.
  lines.on('close', () => {
    started.reject(startError(options, 'the holder ended without a report'));
    end({ code: null, signal: 'SIGKILL' });
  });
  holder.on('error', (error) => started.reject(startError(options, error.message)));
  const { pid, startTicks } = await started.promise;
  return {
    pid,
    startTicks,
    identity: { id: `process ${pid}`, host: { pid, startTicks } },
    startedNs: clock.nowNs(),
    exited: exited.promise,
    signal: (signal) => !ended && signalProcess({ pid, startTicks }, signal),
    release: () => releaseHolder(holder),
  };
}

function spawnHolder(options: HoldOptions): ChildProcess {
  const writes = (options.cgroupWrites ?? []).map(({ file, value }) => `${file}=${value}`);
  const volumes = (options.volumes ?? []).map(({ dir, sizeBytes }) => `${sizeBytes}=${dir}`);
  const lists = [options.cgroups, writes, volumes].map((lines) => lines.join('\n'));
  const log = openSync(options.logFile, 'a');
  try {
    const fixed = ['-c', holderScript, holderName, ...lists];
    return spawn('/bin/sh', [...fixed, options.command, ...options.args], {
      detached: true,
      env: { ...options.env, [runTag]: options.runId },
      stdio: ['pipe', log, log, 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
  } finally {
    closeSync(log);
  }
}

type Report =
  | { kind: 'pid'; pid: number; startTicks: number }
  | { kind: 'exit'; code: number | null; signal: NodeJS.Signals | null };

/** `pid PID STAT` or `exit STATUS`. */
export function parseReport(line: string): Report | undefined {
  const [word, number, ...rest] = line.split(' ');
  const value = Number(number);
  if (word === 'pid' && value > 0)
    return { kind: 'pid', pid: value, startTicks: parseProcessStat(rest.join(' ')).startTicks };
  if (word !== 'exit' || !Number.isInteger(value)) return undefined;
  return { kind: 'exit', ...exitOf(value) };
}

/** A shell's and a container's status: above 128 it is 128 and the number of the signal. */
export function exitOf(status: number): { code: number | null; signal: NodeJS.Signals | null } {
  const signal = status > 128 ? signalName(status - 128) : null;
  return { code: signal === null ? status : null, signal };
}

function signalName(number: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return (found?.[0] ?? null) as NodeJS.Signals | null;
}

/** Signals the process unless its pid has passed to another one or to nobody. */
export function signalProcess(
  process_: { pid: number; startTicks: number },
  signal: NodeJS.Signals,
): boolean {
  if (process_.startTicks !== 0 && readStartTicks(process_.pid) !== process_.startTicks) return false;
  try {
    return process.kill(process_.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Undefined when no process has this pid. */
export function readStartTicks(pid: number): number | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).startTicks;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

async function releaseHolder(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null || holder.signalCode !== null) return;
  const gone = once(holder, 'exit');
  holder.ref();
  holder.stdin?.end();
  await gone;
}

function startError(options: HoldOptions, found: string): SquallError {
  return new SquallError({
    code: 'SQ-TARGET-START',
    what: `${options.name} could not be started`,
    where: options.command,
    expected: 'a process held by /bin/sh',
    found,
    next: `see ${options.logFile}`,
  });
}
