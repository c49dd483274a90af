import { random } from '../base/random.ts';
import type { LoadSpec } from '../scenario/types.ts';
import type { Outcome } from './exporter.ts';

/** The collector's and the SDKs' figures: each pause half as long again, spread by half to either side. */
const growth = 1.5;
const spread = 0.5;

/** Pauses of one request between its attempts, from a stream of its own, so that a run can be repeated. */
export interface RetryPauses {
  /** ms to wait before the next attempt; undefined: no further one. `elapsedMs` counts from the first send. */
  next(outcome: Outcome, elapsedMs: number): number | undefined;
}

export function createRetryPauses(
  retry: LoadSpec['retry'],
  stream: { seed: number; name: string },
): RetryPauses {
  if (retry === 'none') return { next: () => undefined };
  const draw = random(stream.seed, `retry/${stream.name}`);
  let baseMs = retry.initialMs;
  return {
    next(outcome, elapsedMs) {
      if (outcome.kind === 'acknowledged' || outcome.kind === 'rejected' || !outcome.retryable)
        return undefined;
      const asked = outcome.retryDelayMs;
      const pauseMs = asked ?? baseMs * (1 - spread + 2 * spread * draw.next());
      // A server's own delay is kept to, and the back-off goes on growing from it.
      baseMs = Math.min(retry.maxMs, Math.max(baseMs, asked ?? 0) * growth);
      return elapsedMs + pauseMs > retry.maxElapsedMs ? undefined : pauseMs;
    },
  };
}
