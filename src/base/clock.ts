import { setTimeout as delay } from 'node:timers/promises';

/** The only way to time in squall. `nowNs` is monotonic and the same for every thread and process of one host. */
export interface Clock {
  /** Monotonic nanoseconds since boot; an integer below 2^53 for 104 days of uptime. */
  nowNs(): number;
  /** Wall clock, milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = { nowNs, wallMs: () => Date.now(), sleep };

/** CLOCK_MONOTONIC in ns as a number, without allocating a BigInt. */
export function nowNs(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e9 + nanos;
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal });
}

const anchorTries = 5;

/**
 * CLOCK_REALTIME minus CLOCK_MONOTONIC, ns: turns times of this process into times that other hosts know. Waits for a
 * tick of the millisecond clock, five times: being kept from the processor in between makes it smaller, never larger.
 */
export function wallMinusMonotonicNs(): bigint {
  let largest = 0n;
  for (let i = 0; i < anchorTries; i++) {
    const before = Date.now();
    let ms = before;
    while (ms === before) ms = Date.now();
    const ns = BigInt(ms) * 1_000_000n - process.hrtime.bigint();
    if (ns > largest) largest = ns;
  }
  return largest;
}

/** Polls `probe` until it gives something other than undefined; undefined when `timeoutMs` is over. */
export async function waitFor<T>(
  clock: Clock,
  options: { timeoutMs: number; everyMs: number; signal?: AbortSignal },
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T | undefined> {
  const endNs = clock.nowNs() + options.timeoutMs * 1e6;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (clock.nowNs() >= endNs) return undefined;
    await clock.sleep(options.everyMs, options.signal);
  }
}
