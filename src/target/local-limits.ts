import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Hierarchy, type Limits, planLimits } from '../base/cgroup.ts';
import type { LimitPower, ResourceLimits } from './limit-power.ts';

/** As planLimits writes quotas, µs. */
const periodUs = 100_000;

/**
 * Limits of a process in control groups of its own. Only what it was started with can be changed: a limit more would
 * need a group more, and a process in it. `nameOf` is the name that planLimits had for the present start.
 */
export function localLimitPower(
  hierarchy: Hierarchy,
  own: Limits,
  nameOf: () => string,
): LimitPower | undefined {
  if (hierarchy.kind === 'none' || (own.cpuMillis === undefined && own.memoryBytes === undefined))
    return undefined;
  const writes = ({ cpuMillis, memoryBytes }: ResourceLimits) =>
    planLimits(hierarchy, nameOf(), {
      ...(own.cpuMillis === undefined || cpuMillis === null ? {} : { cpuMillis }),
      ...(own.memoryBytes === undefined || memoryBytes === null ? {} : { memoryBytes }),
    }).cgroupWrites.filter(({ file }) => valueFiles.has(basename(file)));
  const present = { cpuMillis: own.cpuMillis ?? null, memoryBytes: own.memoryBytes ?? null };
  return {
    writes,
    set: async (limits) => {
      for (const { file, value } of writes(limits)) writeFileSync(file, value);
    },
    current: async () => {
      const found: ResourceLimits = { cpuMillis: null, memoryBytes: null };
      for (const { file } of writes(present)) {
        const value = Number.parseInt(readFileSync(file, 'utf8'), 10);
        if (basename(file).startsWith('cpu')) found.cpuMillis = Math.round((value * 1000) / periodUs);
        else found.memoryBytes = value;
      }
      return found;
    },
  };
}

/** Those that hold a limit; the period and the swap of a group stay as they are. */
const valueFiles = new Set(['cpu.max', 'memory.max', 'cpu.cfs_quota_us', 'memory.limit_in_bytes']);
