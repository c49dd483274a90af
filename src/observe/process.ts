import { readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { parseProcessStat } from '../base/process-stat.ts';
import { readThrottling, type Throttling } from '../base/throttling.ts';
import type { Member } from '../target/target.ts';
import type { ProcessSample } from './evidence.ts';
import { watchPages } from './member-pages.ts';

const everyMs = 1000;

/**
 * Samples CPU, memory and throttling of every member that is a process, once a second, into `into`, until stop(); of
 * members elsewhere what their own metrics say. A member that is down gives no sample; a restarted one starts anew.
 */
export function watchProcesses(options: {
  members: readonly Member[];
  clock: Clock;
  t0Ns: number;
  into: ProcessSample[];
}): { stop(): void } {
  const { members, clock, t0Ns, into } = options;
  const end = new AbortController();
  const before = new Map<string, Usage>();
  const watch = async () => {
    while (!end.signal.aborted) {
      into.push(
        ...sampleProcesses(members, before, clock.nowNs()).map(({ atNs, ...sample }) => ({
          ...sample,
          atS: (atNs - t0Ns) / 1e9,
        })),
      );
      await clock.sleep(everyMs, end.signal).catch(() => undefined); // aborted: the loop ends
    }
  };
  void watch();
  if (members.some(({ readMetrics }) => readMetrics !== undefined))
    void watchPages({ members, clock, t0Ns, into, end: end.signal });
  return { stop: () => end.abort() };
}

/** What one process had used when it was looked at. */
export interface Usage {
  pid: number;
  atNs: number;
  cpuNs: number;
  rssBytes: number;
  throttling: Throttling | undefined;
}

/** One look at each member; `before` keeps the previous look, as CPU and throttling are differences. */
export function sampleProcesses(
  members: readonly Member[],
  before: Map<string, Usage>,
  atNs: number,
): (Omit<ProcessSample, 'atS'> & { atNs: number })[] {
  const samples: (Omit<ProcessSample, 'atS'> & { atNs: number })[] = [];
  for (const member of members) {
    const pid = member.process?.current()?.host?.pid;
    const usage = pid === undefined ? undefined : readUsage(pid, atNs);
    const last = before.get(member.name);
    if (usage === undefined) before.delete(member.name);
    else before.set(member.name, usage);
    if (usage !== undefined && last?.pid === usage.pid) samples.push(difference(member.name, last, usage));
  }
  return samples;
}

function difference(
  member: string,
  last: Usage,
  usage: Usage,
): Omit<ProcessSample, 'atS'> & { atNs: number } {
  const sample = {
    member,
    atNs: usage.atNs,
    cpuCores: (usage.cpuNs - last.cpuNs) / (usage.atNs - last.atNs),
    rssBytes: usage.rssBytes,
  };
  if (usage.throttling === undefined || last.throttling === undefined) return sample;
  return {
    ...sample,
    periods: usage.throttling.periods - last.throttling.periods,
    throttledPeriods: usage.throttling.throttledPeriods - last.throttling.throttledPeriods,
  };
}

/** A tick of /proc. */
const tickNs = 1e7;

function readUsage(pid: number, atNs: number): Usage | undefined {
  try {
    const cpuNs = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).cpuTicks * tickNs;
    const rssBytes = residentBytes(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { pid, atNs, cpuNs, rssBytes, throttling: readThrottling(pid) };
  } catch {
    return undefined; // the process ended between two reads, or there is no /proc
  }
}

/** VmRSS, in kB of 1024, as pages have no fixed size over architectures. */
export function residentBytes(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
