import type { Clock } from '../base/clock.ts';
import type { Member } from '../target/target.ts';
import type { ProcessSample } from './evidence.ts';

/** A page comes by way of an API server, which has other work. */
export const pageEveryMs = 2000;

/** What a collector says of its own process. */
export interface OwnUsage {
  cpuNs: number;
  rssBytes: number;
}

/**
 * CPU and memory of members whose processes are on another machine, from their own metrics pages, into `into`, until
 * `end`. A member that does not answer gives no sample; one that starts anew is told by its CPU time, which falls.
 */
export async function watchPages(options: {
  members: readonly Member[];
  clock: Clock;
  t0Ns: number;
  into: ProcessSample[];
  end: AbortSignal;
}): Promise<void> {
  const { clock, t0Ns, into, end } = options;
  const before = new Map<string, OwnUsage & { atNs: number }>();
  while (!end.aborted) {
    const fromNs = clock.nowNs();
    // Anew each time: pods come and go.
    const elsewhere = options.members.filter(({ readMetrics }) => readMetrics !== undefined);
    const pages = await Promise.all(elsewhere.map(readUsage));
    const atNs = (fromNs + clock.nowNs()) / 2;
    for (const { member, usage } of pages) {
      if (usage === undefined) continue;
      const last = before.get(member);
      before.set(member, { ...usage, atNs });
      if (last !== undefined) into.push(sampleOf(member, { last, usage, atNs, t0Ns }));
    }
    await clock.sleep(pageEveryMs, end).catch(() => undefined); // aborted: the loop ends
  }
}

function sampleOf(
  member: string,
  look: { last: OwnUsage & { atNs: number }; usage: OwnUsage; atNs: number; t0Ns: number },
): ProcessSample {
  const { last, usage, atNs, t0Ns } = look;
  const restarted = usage.cpuNs < last.cpuNs;
  return {
    member,
    atS: (atNs - t0Ns) / 1e9,
    cpuCores: (usage.cpuNs - (restarted ? 0 : last.cpuNs)) / (atNs - last.atNs),
    rssBytes: usage.rssBytes,
    ...(restarted ? { restarted } : {}),
  };
}

async function readUsage({
  name,
  readMetrics,
}: Member): Promise<{ member: string; usage: OwnUsage | undefined }> {
  // No answer is no sample: a pod that starves or is gone.
  const text = await readMetrics?.().catch(() => undefined);
  return { member: name, usage: text === undefined ? undefined : usageOnPage(text) };
}

/** From a page of Prometheus text; undefined where the collector leaves its process out. */
export function usageOnPage(text: string): OwnUsage | undefined {
  const value = (name: string) => {
    const found = new RegExp(
      `^(?:otelcol_)?process_${name}(?:_seconds)?(?:_bytes)?(?:_total)?(?:\\{.*\\})? (\\S+)$`,
      'm',
    ).exec(text);
    return found === null ? undefined : Number(found[1]);
  };
  const cpuS = value('cpu');
  if (cpuS === undefined) return undefined;
  return { cpuNs: cpuS * 1e9, rssBytes: value('memory_rss') ?? 0 };
}
