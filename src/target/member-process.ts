import { get } from 'node:http';
import { connect } from 'node:net';
import { type Clock, waitFor } from '../base/clock.ts';
import type { HeldProcess } from './held-process.ts';
import { afterExit, freshBackoff } from './restart-policy.ts';
import type { ProcessPower, ProcessStart } from './target.ts';

/** How one finds out that a member serves: its health endpoint, or, without one, an open OTLP port. */
export type Readiness = { kind: 'health'; url: string } | { kind: 'port'; host: string; port: number };

export interface MemberProcessOptions {
  /** Starts the process; `number` counts starts from 1. */
  start(number: number): Promise<HeldProcess>;
  readiness: Readiness;
  restart: 'always' | 'never';
  clock: Clock;
  onNote(sentence: string): void;
}

export interface MemberProcess extends ProcessPower {
  /** SIGTERM, SIGKILL after `graceMs`, no restart; resolves when nothing of it is left. */
  stop(graceMs: number): Promise<void>;
}

/** Polling distance of readiness: far below the second or so that a collector needs, small beside its CPU. */
const readyEveryMs = 20;

/** One process under a restart policy like a kubelet's. The first start is awaited, its readiness is not. */
export async function startMemberProcess(options: MemberProcessOptions): Promise<MemberProcess> {
  const { clock } = options;
  const starts: ProcessStart[] = [];
  let policy = options.restart;
  let backoff = freshBackoff;
  let held: HeldProcess | undefined;
  let last: HeldProcess | undefined;
  let stopping = false;
  let starting = false;
  let waiting: AbortController | undefined;

  const mayRestart = () => !stopping && policy === 'always';
  const startOnce = async () => {
    starting = true;
    try {
      const process = await options.start(starts.length + 1);
      if (stopping) return process.release();
      const record: ProcessStart = { pid: process.pid, startedNs: process.startedNs };
      starts.push(record);
      held = process;
      last = process;
      void process.exited.then((exit) => {
        record.exit = exit;
        held = undefined;
        return keepUp(exit.atNs - process.startedNs);
      });
    } finally {
      starting = false;
    }
  };
  const keepUp = async (ranNs: number): Promise<void> => {
    if (!mayRestart()) return;
    const next = afterExit(backoff, ranNs / 1e6);
    backoff = next.backoff;
    await pause(next.waitMs);
    if (!mayRestart()) return;
    try {
      await startOnce();
    } catch (error) {
      options.onNote(`restart failed: ${error instanceof Error ? error.message : String(error)}`);
      await keepUp(0);
    }
  };
  const pause = async (ms: number) => {
    waiting = new AbortController();
    await clock.sleep(ms, waiting.signal).catch(() => undefined); // aborted: go on at once
    waiting = undefined;
  };

  await startOnce();
  return {
    current: () => (held === undefined ? undefined : { pid: held.pid, startTicks: held.startTicks }),
    signal: (signal) => void held?.signal(signal),
    ready: (timeoutMs) =>
      waitFor(clock, { timeoutMs, everyMs: readyEveryMs }, async () =>
        held !== undefined && (await isReady(options.readiness)) ? clock.nowNs() : undefined,
      ),
    starts: () => starts,
    setRestart: (wanted) => {
      const resumed = wanted === 'always' && policy === 'never';
      policy = wanted;
      const idle = held === undefined && waiting === undefined && !starting;
      if (resumed && idle) void keepUp(Number.POSITIVE_INFINITY);
    },
    stop: async (graceMs) => {
      stopping = true;
      waiting?.abort();
      held?.signal('SIGCONT');
      held?.signal('SIGTERM');
      await waitFor(clock, { timeoutMs: graceMs, everyMs: 10 }, () => held === undefined || undefined);
      await last?.release();
    },
  };
}

/** One question; false for any failure, since all of them mean "not yet". */
export function isReady(readiness: Readiness): Promise<boolean> {
  const answer = Promise.withResolvers<boolean>();
  if (readiness.kind === 'health') {
    const request = get(readiness.url, { agent: false, timeout: 1000 }, (response) => {
      response.resume();
      answer.resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy()).on('error', () => answer.resolve(false));
  } else {
    const socket = connect({ host: readiness.host, port: readiness.port, timeout: 1000 });
    const end = (ready: boolean) => {
      answer.resolve(ready);
      socket.destroy();
    };
    socket.on('connect', () => end(true)).on('timeout', () => end(false));
    socket.on('error', () => end(false));
  }
  return answer.promise;
}
