import type { Clock } from '../base/clock.ts';
import type { Undo } from './fault.ts';

/** An API server that is away is asked again after this time, each time twice as long, ms. */
const firstWaitMs = 500;
const mostWaitMs = 2_000;

/** A runner tries for so long to undo what it did, ms; past the deadline of a fault its guard does too, and for longer. */
export const undoForMs = 60_000;

/** How long to wait after a failed try, which was the n-th, from 1. */
export function waitAfterTry(tries: number): number {
  return Math.min(firstWaitMs * 2 ** (tries - 1), mostWaitMs);
}

/**
 * Tries until nothing fails; gives what the last try failed with. Ends after the try under way when `cut` is aborted, as
 * a rollback has tries of its own, and with the first try past `forMs`.
 */
export async function tryOn(
  options: { clock: Clock; forMs: number; cut?: AbortSignal; onFailure(reasons: readonly string[]): void },
  work: () => Promise<string[]>,
): Promise<string[]> {
  const { clock, forMs, cut, onFailure } = options;
  const endNs = clock.nowNs() + forMs * 1e6;
  for (let tries = 1; ; tries++) {
    const failures = await work();
    if (failures.length === 0) return failures;
    onFailure(failures);
    if (cut?.aborted === true || clock.nowNs() >= endNs) return failures;
    await clock.sleep(waitAfterTry(tries), cut).catch(() => undefined); // rolled back: one try more
  }
}

/** Whether it is done by others, an API server or a daemon, who may be away for a while. */
export function isElsewhere(undo: Undo): boolean {
  return 'cluster' in undo || 'daemon' in undo;
}
