import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { candidatesV1, candidatesV2, folderPrefix } from './cgroup.ts';

export interface Throttling {
  /** Periods in which the process was runnable, and those of them in which it was held back. */
  periods: number;
  throttledPeriods: number;
  throttledNs: number;
}

/** cpu.stat of v1 (throttled_time, ns) and of v2 (throttled_usec). Undefined when it has no quota figures. */
export function parseCpuStat(text: string): Throttling | undefined {
  const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const periods = value('nr_periods');
  const throttledPeriods = value('nr_throttled');
  const ns = value('throttled_time');
  const throttledNs = Number.isNaN(ns) ? value('throttled_usec') * 1000 : ns;
  return Number.isNaN(periods) || Number.isNaN(throttledPeriods)
    ? undefined
    : { periods, throttledPeriods, throttledNs };
}

/** Figures of the limit that squall put on a process; undefined without one, or when the process is gone. */
export function readThrottling(pid: number): Throttling | undefined {
  try {
    const own = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    if (!own.includes(`/${folderPrefix}`)) return undefined;
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
    const folder = candidatesV1('cpu', own, mounts)[0] ?? ownV2(own, mounts);
    return folder?.includes(`/${folderPrefix}`)
      ? parseCpuStat(readFileSync(join(folder, 'cpu.stat'), 'utf8'))
      : undefined;
  } catch {
    return undefined; // the process or its folder went away between two reads
  }
}

function ownV2(own: string, mounts: string): string | undefined {
  const parent = candidatesV2(own, mounts)[0];
  const name = /^0::.*\/([^/\n]+)$/m.exec(own)?.[1];
  return parent === undefined || name === undefined ? undefined : join(parent, name);
}
