import type { EntryPlan, Plan } from '../plan/types.ts';

const aheadNsMax = 0.8e6;
/** Of one core: the busier the plan, the shorter it is; there sleeps are short anyway. About half of it is slept. */
const shareMax = 0.08;

/**
 * How long before a request is due its worker is woken, ns. A sleeper is woken 0.1 to 0.4 ms late, and here it takes two
 * of them: so the ticker rings ahead, and the worker watches the clock until it is time.
 */
export function aheadNs({ entries }: Pick<Plan, 'entries'>): number {
  const perS = entries.map(peakRequestsPerS).reduce((sum, one) => sum + one, 0);
  return perS === 0 ? 0 : Math.min(aheadNsMax, (shareMax * 1e9) / perS);
}

function peakRequestsPerS({ pace }: EntryPlan): number {
  if (pace.kind === 'closed') return 0;
  const rates = pace.segments.flatMap(({ startRate, endRate }) => [startRate, endRate]);
  return Math.max(0, ...rates.map(({ items, perNs }) => ((items / perNs) * 1e9) / pace.batch));
}

export interface WatcherParts {
  aheadNs: number;
  /** From t = 0. */
  nowNs(): number;
  /** Handles what is due. */
  drain(): void;
  /** Of what is due next, from t = 0; Infinity: nothing at a time of its own. */
  nextDueNs(): number;
  /** Calls once the sockets have been looked at. */
  soon(call: () => void): void;
}

/** Gives what to call at every ring: it drains what is due, and what is due soon once it is. */
export function createWatcher({ aheadNs, nowNs, drain, nextDueNs, soon }: WatcherParts): () => void {
  // With more to it than the ticker has: what it rang for must not be slept through by a rounding.
  const nearNs = aheadNs * 1.1;
  let turning = false;
  const turn = () => {
    turning = false;
    look();
  };
  const look = () => {
    drain();
    if (turning || nextDueNs() - nowNs() > nearNs) return;
    turning = true;
    soon(turn);
  };
  return look;
}
