import { readdirSync, readFileSync } from 'node:fs';
import { parseProcessStat } from '../base/process-stat.ts';

/** A process told apart from a later one with the same pid by its start, in clock ticks since boot. */
export interface ProcessId {
  pid: number;
  startTicks: number;
}

export interface ProcessState extends ProcessId {
  /** Letter of /proc/PID/stat: R, S, D, T (stopped), Z (ended, not yet reaped), X. */
  state: string;
  parentPid: number;
}

/** Reads /proc/PID/stat; undefined when no process has this pid. */
export function readProcess(pid: number): ProcessState | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const { startTicks, state, parentPid } = parseProcessStat(stat);
  return { pid, startTicks, state, parentPid };
}

export function self(): ProcessId {
  const own = readProcess(process.pid);
  return { pid: process.pid, startTicks: own?.startTicks ?? 0 };
}

/** Whether exactly this process runs or is stopped; one that ended and waits for its parent does not count. */
export function isAlive(id: ProcessId): boolean {
  const found = readProcess(id.pid);
  return found !== undefined && found.startTicks === id.startTicks && !'ZX'.includes(found.state);
}

export interface Tagged extends ProcessState {
  value: string;
  command: string;
}

/** Processes whose environment has NAME (with this value, if one is given). Those of other users cannot be read. */
export function findTagged(name: string, value?: string): Tagged[] {
  const found: Tagged[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const before = readProcess(pid);
    const tag = readText(`/proc/${pid}/environ`)
      ?.split('\0')
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1);
    if (before === undefined || tag === undefined || (value !== undefined && tag !== value)) continue;
    // Read again: the environment must be of the process whose start was read.
    if (!isAlive(before)) continue;
    const command = (readText(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
    found.push({ ...before, value: tag, command });
  }
  return found;
}

/** Those that took a lost process in: pid 1, and the reapers of sessions and containers. */
const reapers = /^(systemd|init|tini|dumb-init|catatonit|containerd-shim|conmon)/;

/** Of tagged processes, those whose outermost tagged ancestor has lost its parent: nobody runs them any more. */
export function orphansOf(tagged: readonly Tagged[]): Tagged[] {
  const byPid = new Map(tagged.map((process) => [process.pid, process]));
  const lost = (process: Tagged): boolean => {
    const parent = byPid.get(process.parentPid);
    if (parent !== undefined) return lost(parent);
    if (process.parentPid <= 1) return true;
    return reapers.test(readText(`/proc/${process.parentPid}/comm`) ?? 'init');
  };
  return tagged.filter(lost);
}

/** Sends the signal to exactly this process; false when it is gone. Throws where the system forbids it. */
export function signalExactly(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, signal);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Undefined when the file is gone or closed to us: in /proc both happen at any instant. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
