import { readdirSync, readFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { parseProcessStat } from '../base/process-stat.ts';
import type { OtherWorkSample } from './evidence.ts';

const everyMs = 1000;

/**
 * Once a second, into `into`, until stop(): what of this machine's CPU went to others than `roots` and all that these
 * started, and what the host of a virtual machine gave away. Without Linux' /proc there are no samples.
 */
export function watchOtherWork(options: {
  roots(): number[];
  clock: Clock;
  t0Ns: number;
  into: OtherWorkSample[];
}): { stop(): void } {
  const { roots, clock, t0Ns, into } = options;
  const end = new AbortController();
  const watch = async () => {
    for (let before = lookAround(roots()); !end.signal.aborted; ) {
      await clock.sleep(everyMs, end.signal).catch(() => undefined); // aborted: the loop ends
      const now = lookAround(roots());
      if (before === undefined || now === undefined) return;
      const sample = difference(before, now);
      if (sample !== undefined) into.push({ atS: (clock.nowNs() - t0Ns) / 1e9, ...sample });
      before = now;
    }
  };
  void watch();
  return { stop: () => end.abort() };
}

/** Of the last `ms` milliseconds; undefined without Linux' /proc. */
export async function sampleOtherWork(
  clock: Clock,
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<Omit<OtherWorkSample, 'atS'> | undefined> {
  const before = lookAround([process.pid]);
  await clock.sleep(ms, signal);
  const now = lookAround([process.pid]);
  return before === undefined || now === undefined ? undefined : difference(before, now);
}

/** Ticks of 10 ms since the machine started, or the process. */
export interface Look {
  cores: number;
  busyTicks: number;
  idleTicks: number;
  stolenTicks: number;
  ownTicks: number;
}

/** Undefined between two looks at one instant, or without a tick. */
export function difference(before: Look, now: Look): Omit<OtherWorkSample, 'atS'> | undefined {
  const busy = now.busyTicks - before.busyTicks;
  const stolen = now.stolenTicks - before.stolenTicks;
  const all = busy + stolen + now.idleTicks - before.idleTicks;
  if (!(all > 0)) return undefined;
  const share = (ticks: number) => Math.max(0, (now.cores * ticks) / all);
  return {
    cores: now.cores,
    otherCores: share(busy - (now.ownTicks - before.ownTicks)),
    stolenCores: share(stolen),
  };
}

function lookAround(roots: readonly number[]): Look | undefined {
  try {
    const stat = readFileSync('/proc/stat', 'utf8');
    return { ...parseStat(stat), ownTicks: ticksOfTrees(roots) };
  } catch {
    return undefined;
  }
}

/** Interrupts count as neither busy nor idle: the target's own packets cause most of them (proc_stat(5)). */
export function parseStat(stat: string): Omit<Look, 'ownTicks'> {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, , , steal = 0] = (
    /^cpu +(.+)$/m.exec(stat)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  return {
    cores: stat.match(/^cpu\d+ /gm)?.length ?? 0,
    busyTicks: user + nice + system,
    idleTicks: idle + iowait,
    stolenTicks: steal,
  };
}

/** Of the processes, of all they started, and of those of them that have ended: these count with who waited for them. */
function ticksOfTrees(roots: readonly number[]): number {
  const seen = new Set<number>();
  const open = [...roots];
  let sum = 0;
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    if (seen.has(pid)) continue;
    seen.add(pid);
    try {
      const { cpuTicks, endedTicks } = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      sum += cpuTicks + endedTicks;
      for (const thread of readdirSync(`/proc/${pid}/task`))
        open.push(...parsePids(readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')));
    } catch {
      // It ended just now; its time is with its parent from here on.
    }
  }
  return sum;
}

function parsePids(children: string): number[] {
  return children.split(' ').filter(Boolean).map(Number);
}
