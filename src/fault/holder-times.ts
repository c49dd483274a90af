import type { Clock } from '../base/clock.ts';
import { holderEndMs, isHolder } from '../target/holder-script.ts';
import type { Tagged } from './process-table.ts';

/** Remembers since when it has seen which holder of members. */
export function holderTimes(clock: Pick<Clock, 'nowNs'>): {
  /** Whether a holder is among them that was first seen less than `holderEndMs` ago. */
  atWork(found: readonly Tagged[]): boolean;
} {
  const seenNs = new Map<string, number>();
  return {
    atWork(found) {
      const nowNs = clock.nowNs();
      const holders = found
        .filter(({ command }) => isHolder(command))
        .map(({ pid, startTicks }) => `${pid} ${startTicks}`);
      for (const holder of holders) if (!seenNs.has(holder)) seenNs.set(holder, nowNs);
      return holders.some((holder) => nowNs - (seenNs.get(holder) ?? nowNs) < holderEndMs * 1e6);
    },
  };
}
