/** A kubelet's container back-off: first restart at once, then 10 s doubling to 5 min, forgotten after 10 min up. */
export const restartBackoff = { firstMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 } as const;

/** What the policy remembers: how long the next crash has to wait. */
export interface Backoff {
  nextMs: number;
}

export const freshBackoff: Backoff = { nextMs: 0 };

/** How long to wait after an exit, and the memory for the next one. */
export function afterExit(backoff: Backoff, ranMs: number): { waitMs: number; backoff: Backoff } {
  const waitMs = ranMs >= restartBackoff.resetAfterMs ? 0 : backoff.nextMs;
  const nextMs = waitMs === 0 ? restartBackoff.firstMs : Math.min(waitMs * 2, restartBackoff.maxMs);
  return { waitMs, backoff: { nextMs } };
}
