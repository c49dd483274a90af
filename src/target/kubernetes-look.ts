import type { Clock } from '../base/clock.ts';

/** Several callers share one look at the API server for this long, ms. */
const lookEveryMs = 250;

/** Asks at most once in that time, whoever calls. */
export function sharedLook<T>(clock: Clock, look: () => Promise<T>): () => Promise<T> {
  let seen: { atNs: number; found: Promise<T> } | undefined;
  return () => {
    if (seen === undefined || clock.nowNs() - seen.atNs > lookEveryMs * 1e6)
      seen = { atNs: clock.nowNs(), found: look() };
    return seen.found;
  };
}
