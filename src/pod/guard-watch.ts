import type { LeaseLook } from '../target/guarded-run.ts';

/** One and the same version of a Lease, seen again and again; monotonic ns. */
export interface Sight {
  version: string;
  /** When the first look at it was over. */
  fromNs: number;
  /** When the latest look at it began. */
  toNs: number;
}

/**
 * Between two looks that count as one watch, ms: a runner renews every 5 s, so that one which could not for this long had
 * another chance before its Lease is stale. An API server that was away, or a guard that slept, begins anew.
 */
export const gapMs = 5_000;

/** What a guard has seen of a Lease after one more look. Pure; no clock but the guard's own. */
export function sightAfter(
  before: Sight | undefined,
  look: LeaseLook,
  { startNs, endNs }: { startNs: number; endNs: number },
): Sight | undefined {
  if (look.kind !== 'there') return before;
  const goesOn =
    before !== undefined && before.version === look.version && endNs - before.toNs <= gapMs * 1e6;
  return goesOn ? { ...before, toNs: startNs } : { version: look.version, fromNs: endNs, toNs: startNs };
}

/** Whether nobody has renewed it for as long as a holder may leave it as it is. */
export function isStale(sight: Sight | undefined, lastsMs: number): boolean {
  return sight !== undefined && sight.toNs - sight.fromNs > lastsMs * 1e6;
}
