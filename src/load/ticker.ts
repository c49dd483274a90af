import { workerData } from 'node:worker_threads';
import { nowNs } from '../base/clock.ts';
import { raisePriority } from '../base/priority.ts';
import { createPacer, workersOf } from '../plan/pace.ts';
import type { EntryPlan, Plan } from '../plan/types.ts';
import { aheadNs } from './awake.ts';
import { orders } from './orders.ts';

export interface TickerStart {
  plan: Plan;
  /** Int32: a counter per worker, raised at each wake-up; the last one is the ticker's own, see `orders`. */
  bells: SharedArrayBuffer;
  /** Float64: t = 0 in the clock of base/clock.ts, set before the order to go. */
  t0: SharedArrayBuffer;
}

/** Longest sleep; only the bell at the end must be heard sooner, and it interrupts the wait. */
const sleepMsMax = 1_000;

interface Alarm {
  nextNs(): number;
  /** Marks the workers that have something due by `byNs` and moves on. */
  advance(byNs: number, mark: (worker: number) => void): void;
}

/** Sleeps until a little before the next request of any entry is due, and rings the worker it belongs to. */
export function ring(start: TickerStart): void {
  raisePriority();
  const bells = new Int32Array(start.bells);
  const own = bells.length - 1;
  const ringAheadNs = aheadNs(start.plan);
  const alarms = start.plan.entries.map((entry) => createAlarm(entry, ringAheadNs));
  const marked = new Uint8Array(own);
  Atomics.wait(bells, own, orders.wait);
  const t0Ns = new Float64Array(start.t0)[0] ?? 0;
  while (Atomics.load(bells, own) === orders.go) {
    const atNs = nowNs() - t0Ns;
    for (const alarm of alarms) {
      alarm.advance(atNs, (worker) => {
        marked[worker] = 1;
      });
    }
    for (let worker = 0; worker < own; worker++) {
      if (marked[worker] === 0) continue;
      marked[worker] = 0;
      Atomics.add(bells, worker, 1);
      Atomics.notify(bells, worker);
    }
    const nextNs = Math.min(...alarms.map((alarm) => alarm.nextNs()));
    if (nextNs === Number.POSITIVE_INFINITY) return;
    const sleepMs = (nextNs - (nowNs() - t0Ns)) / 1e6;
    if (sleepMs > 0) Atomics.wait(bells, own, orders.go, Math.min(sleepMs, sleepMsMax));
  }
}

function createAlarm(entry: EntryPlan, ringAheadNs: number): Alarm {
  const { pace } = entry;
  return pace.kind === 'closed' ? closedAlarm(entry, pace.maxDurationNs) : openAlarm(entry, ringAheadNs);
}

function openAlarm(entry: EntryPlan, ringAheadNs: number): Alarm {
  const pacer = createPacer(entry.pace);
  const workers = workersOf(entry);
  const ringNs = (request: number) =>
    request < pacer.requests ? entry.startNs + pacer.dueNs(request) - ringAheadNs : Number.POSITIVE_INFINITY;
  let request = 0;
  let nextNs = ringNs(0);
  return {
    nextNs: () => nextNs,
    advance(byNs, mark) {
      while (nextNs <= byNs) {
        mark(request % workers);
        request++;
        nextNs = ringNs(request);
      }
    },
  };
}

/** A closed entry wakes all workers twice: when it starts, and when its time is over. */
function closedAlarm(entry: EntryPlan, maxDurationNs: number): Alarm {
  const times = [entry.startNs, entry.startNs + maxDurationNs];
  return {
    nextNs: () => times[0] ?? Number.POSITIVE_INFINITY,
    advance(byNs, mark) {
      while ((times[0] ?? Number.POSITIVE_INFINITY) <= byNs) {
        times.shift();
        for (let worker = 0; worker < workersOf(entry); worker++) mark(worker);
      }
    },
  };
}

if (workerData?.squall === 'ticker') ring(workerData.start as TickerStart);
