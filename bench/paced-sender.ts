import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { nowNs } from '../src/base/clock.ts';
import { startLoad } from '../src/load/engine.ts';
import { parseColumns } from '../src/observe/columns.ts';
import { requestFields } from '../src/observe/evidence.ts';
import type { Plan } from '../src/plan/types.ts';
import { cpuSecondsSince } from './machine.ts';
import type { SleeperResult } from './sleeper.ts';

export interface PacedStart {
  plan: Plan;
  grpc: string;
  http: string;
  /** A first message {t0Ns} when t = 0 is known. */
  tellStart?: boolean;
}

/** Request i: first sequence, times in ns of the clock of base/clock.ts, class as in evidence; NaN where there is none. */
export interface PacedResult {
  t0Ns: number;
  from: number[];
  count: number[];
  dueNs: number[];
  sendNs: number[];
  finalNs: number[];
  class: number[];
  cpuS: number;
  /** What the machine did meanwhile to a thread that only sleeps. */
  sleeper: SleeperResult;
}

/** Squall's load engine on an open plan, in a process of its own; gives what it recorded of every request. */
async function send({ plan, grpc, http, tellStart }: PacedStart): Promise<PacedResult> {
  const evidenceDir = mkdtempSync(join(tmpdir(), 'squall-bench-'));
  const endpoints = [{ member: 'receiver', otlp: { grpc, http, headers: {} } }];
  const load = await startLoad({ plan, endpoints, evidenceDir });
  await delay(300); // threads and connections settle
  const usage = process.cpuUsage();
  const endSleeper = startSleeper();
  const t0Ns = nowNs() + 100e6;
  load.go(t0Ns);
  if (tellStart === true) process.send?.({ t0Ns });
  await load.done;
  const cpuS = cpuSecondsSince(usage);
  const sleeper = await endSleeper();
  await load.close();
  const rows = parseColumns(readFileSync(join(evidenceDir, 'requests-0.bin')), requestFields);
  rmSync(evidenceDir, { recursive: true });
  const times = (name: string) => Array.from(rows.column(name), (ns) => ns + t0Ns);
  const whole = (name: string) => Array.from(rows.column(name));
  return {
    t0Ns,
    from: whole('from'),
    count: whole('count'),
    dueNs: times('dueNs'),
    sendNs: times('sendNs'),
    finalNs: times('finalNs'),
    class: whole('class'),
    cpuS,
    sleeper,
  };
}

/** Gives what ends it and tells how it slept. */
function startSleeper(): () => Promise<SleeperResult> {
  const stop = new SharedArrayBuffer(4);
  const thread = new Worker(new URL('sleeper.ts', import.meta.url), { workerData: stop });
  return () => {
    const told = new Promise<SleeperResult>((resolve) => thread.once('message', resolve));
    Atomics.store(new Int32Array(stop), 0, 1);
    Atomics.notify(new Int32Array(stop), 0);
    return told;
  };
}

process.once('message', async (start) => {
  process.send?.(await send(start as PacedStart), () => process.exit());
});
