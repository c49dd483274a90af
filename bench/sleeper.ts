import { parentPort, workerData } from 'node:worker_threads';
import { nowNs } from '../src/base/clock.ts';
import { raisePriority } from '../src/base/priority.ts';

/**
 * A thread that does nothing but sleep a millisecond at a time, with the priority of the load's threads: how late it
 * wakes at worst is what the machine does to anybody. Ends when the first word of the shared memory is set.
 */
const stop = new Int32Array(workerData as SharedArrayBuffer);
raisePriority();
let worstNs = 0;
for (let before = nowNs(); Atomics.load(stop, 0) === 0; ) {
  Atomics.wait(stop, 0, 0, 1);
  const now = nowNs();
  worstNs = Math.max(worstNs, now - before - 1e6);
  before = now;
}
parentPort?.postMessage(worstNs / 1e6);
