import type { Clock } from '../base/clock.ts';
import { countsOnPage } from './collector-page.ts';

/** What a collector took in and sent on until now, signals together, by its own counters. */
export interface Passage {
  atNs: number;
  accepted: number;
  /** By exporter. */
  sent: ReadonlyMap<string, number>;
}

/** For how long nothing passed which passed before. */
export interface Stall {
  overNs: number;
  /** Taken in meanwhile; 0 where it is the taking in that stalled. */
  items: number;
  /** The exporters that sent nothing; none where it is the taking in that stalled. */
  exporters: string[];
}

/** Which counter the cut stops: what is sent on, or what is taken in. */
export type Side = 'sent' | 'accepted';

/** From a page of Prometheus text; undefined where the collector counts nothing yet. */
export function passageOn(text: string, atNs: number): Passage | undefined {
  const { accepted, sent, any } = countsOnPage(text);
  return any ? { atNs, accepted, sent } : undefined;
}

/** The exporters that sent something between two looks. */
export function movingExporters(before: Passage, after: Passage): string[] {
  return [...after.sent].filter(([name, sent]) => sent > (before.sent.get(name) ?? 0)).map(([name]) => name);
}

/** The stall that lasts at the last look, if it has lasted for `overNs`; of what moved before. Pure. */
export function stallOf(
  looks: readonly Passage[],
  how: { side: Side; exporters: readonly string[]; overNs: number },
): Stall | undefined {
  const last = looks.at(-1);
  if (last === undefined) return undefined;
  const still = (look: Passage) =>
    how.side === 'accepted'
      ? look.accepted === last.accepted
      : how.exporters.some((name) => look.sent.get(name) === last.sent.get(name));
  const first = looks.find((look) => still(look) && last.atNs - look.atNs >= how.overNs);
  if (first === undefined) return undefined;
  const overNs = last.atNs - first.atNs;
  if (how.side === 'accepted') return { overNs, items: 0, exporters: [] };
  const items = last.accepted - first.accepted;
  const exporters = how.exporters.filter((name) => first.sent.get(name) === last.sent.get(name));
  return items > 0 ? { overNs, items, exporters } : undefined;
}

/** Looks at the counters of one collector around a cut. */
export interface PassageWatch {
  /** Resolves when something passes, or it was waited for in vain: what does not move cannot be seen to stop. */
  begin(): Promise<void>;
  /** The cut is in place. */
  struck(): void;
  /** As the counters are now. `moved`: what passed before it. */
  look(): Promise<{ stall: Stall | undefined; moved: boolean; passed: number; sinceMs: number }>;
}

/** A page comes by way of an API server, which has other work. */
const everyMs = 1000;

/** `overNs`: longer than items lie in batches, so that a pause between two batches is no stall. */
export function watchPassage(options: {
  clock: Clock;
  side: Side;
  overNs: number;
  read(): Promise<string>;
}): PassageWatch {
  const { clock, side, overNs } = options;
  const looks: Passage[] = [];
  let exporters: string[] = [];
  let moved = false;
  let before: Passage | undefined;
  let under: Promise<void> | undefined;
  let askedNs = Number.NEGATIVE_INFINITY;
  const ask = async () => {
    const text = await options.read().catch(() => ''); // no answer is no look
    const found = passageOn(text, clock.nowNs());
    if (found !== undefined) looks.push(found);
  };
  const refresh = (): Promise<void> => {
    if (under === undefined || clock.nowNs() - askedNs >= everyMs * 1e6) {
      askedNs = clock.nowNs();
      under = ask();
    }
    return under;
  };
  return {
    begin: async () => {
      const endNs = clock.nowNs() + overNs;
      while (!moved && clock.nowNs() <= endNs) {
        await refresh();
        const [first, last] = [looks[0], looks.at(-1)];
        if (first !== undefined && last !== undefined) {
          exporters = movingExporters(first, last);
          moved = side === 'sent' ? exporters.length > 0 : last.accepted > first.accepted;
        }
        if (!moved) await clock.sleep(everyMs);
      }
      before = looks.at(-1);
    },
    struck: () => void looks.splice(0),
    look: async () => {
      await refresh();
      const [first, last] = [before, looks.at(-1)];
      const total = ({ accepted, sent }: Passage) =>
        side === 'accepted' ? accepted : exporters.reduce((sum, name) => sum + (sent.get(name) ?? 0), 0);
      const seen = first !== undefined && last !== undefined;
      return {
        stall: moved ? stallOf(looks, { side, exporters, overNs }) : undefined,
        moved,
        passed: seen ? total(last) - total(first) : 0,
        sinceMs: seen ? (last.atNs - first.atNs) / 1e6 : 0,
      };
    },
  };
}
