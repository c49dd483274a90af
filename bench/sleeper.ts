import { parentPort, workerData } from 'node:worker_threads';
import { nowNs } from '../src/base/clock.ts';
import { raisePriority } from '../src/base/priority.ts';

/** From when on the thread slept until it woke, ns of the clock of base/clock.ts. */
export interface Stall {
  fromNs: number;
  toNs: number;
}

export interface SleeperResult {
  /** How late it woke at worst, ms. */
  worstMs: number;
  /** Every sleep that it woke from late by more than `stallMs`. */
  stalls: Stall[];
}

const sleepMs = 1;
/** Half of what a request of 100 items has until the next is due at 10,000 items/s. */
const stallMs = 5;

/**
 * A thread that does nothing but sleep a millisecond at a time, with the priority of the load's threads: how late it
 * wakes is what the machine does to anybody. Ends when the first word of the shared memory is set.
 */
const stop = new Int32Array(workerData as SharedArrayBuffer);
raisePriority();
const result: SleeperResult = { worstMs: 0, stalls: [] };
for (let before = nowNs(); Atomics.load(stop, 0) === 0; ) {
  Atomics.wait(stop, 0, 0, sleepMs);
  const now = nowNs();
  const lateMs = (now - before) / 1e6 - sleepMs;
  result.worstMs = Math.max(result.worstMs, lateMs);
  if (lateMs > stallMs) result.stalls.push({ fromNs: before, toNs: now });
  before = now;
}
parentPort?.postMessage(result);
