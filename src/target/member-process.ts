import { get } from 'node:http';
import { connect } from 'node:net';
import { type Clock, waitFor } from '../base/clock.ts';
import type { ProcessExit } from './held-process.ts';
import { afterExit, type Backoff, freshBackoff } from './restart-policy.ts';
import type { ProcessIdentity, ProcessPower, ProcessStart } from './target.ts';

/** How one finds out that a member serves: its health endpoint, or, without one, an open OTLP port. */
export type Readiness = { kind: 'health'; url: string } | { kind: 'port'; host: string; port: number };

/** What a restart policy keeps up: one start of a process, or of a container. */
export interface KeptProcess {
  identity: ProcessIdentity;
  startedNs: number;
  /** Resolves when it has ended; never rejects. */
  exited: Promise<ProcessExit>;
  /** One that has ended is not an error. */
  signal(signal: NodeJS.Signals): unknown;
  /** Resolves when nothing of it is left, alive or not before. */
  release(): Promise<void>;
}

export interface MemberProcessOptions {
  /** Starts the process; `number` counts starts from 1. */
  start(number: number): Promise<KeptProcess>;
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

interface State {
  starts: ProcessStart[];
  policy: 'always' | 'never';
  backoff: Backoff;
  /** The running process, and the last one that was. */
  held?: KeptProcess | undefined;
  last?: KeptProcess;
  starting: boolean;
  stopping: boolean;
  /** Ends the wait before a restart. */
  waiting?: AbortController | undefined;
}

/** One process under a restart policy like a kubelet's. The first start is awaited, its readiness is not. */
export async function startMemberProcess(options: MemberProcessOptions): Promise<MemberProcess> {
  const { clock } = options;
  const state: State = {
    starts: [],
    policy: options.restart,
    backoff: freshBackoff,
    starting: false,
    stopping: false,
  };
  await startOnce(options, state);
  return {
    current: () => state.held?.identity,
    signal: async (signal) => void (await state.held?.signal(signal)),
    ready: (timeoutMs) =>
      waitFor(clock, { timeoutMs, everyMs: readyEveryMs }, async () =>
        state.held !== undefined && (await isReady(options.readiness)) ? clock.nowNs() : undefined,
      ),
    starts: () => state.starts,
    restarts: () => state.policy,
    setRestart: (wanted) => {
      const resumed = wanted === 'always' && state.policy === 'never';
      state.policy = wanted;
      const idle = state.held === undefined && state.waiting === undefined && !state.starting;
      // Set free again by a person or a fault: it starts at once, as a new pod would.
      if (resumed && idle) void keepUp(options, state, Number.POSITIVE_INFINITY);
    },
    stop: async (graceMs) => {
      state.stopping = true;
      state.waiting?.abort();
      await state.held?.signal('SIGCONT');
      await state.held?.signal('SIGTERM');
      await waitFor(clock, { timeoutMs: graceMs, everyMs: 10 }, () => state.held === undefined || undefined);
      await state.last?.release();
    },
  };
}

async function startOnce(options: MemberProcessOptions, state: State): Promise<void> {
  state.starting = true;
  try {
    const held = await options.start(state.starts.length + 1);
    if (state.stopping) return await held.release();
    const record: ProcessStart = { ...held.identity, startedNs: held.startedNs };
    state.starts.push(record);
    state.held = held;
    state.last = held;
    void held.exited.then((exit) => {
      record.exit = exit;
      state.held = undefined;
      return keepUp(options, state, exit.atNs - held.startedNs);
    });
  } finally {
    state.starting = false;
  }
}

/** After an exit: waits as the back-off says and starts again, unless that is no longer wanted. */
async function keepUp(options: MemberProcessOptions, state: State, ranNs: number): Promise<void> {
  if (!mayRestart(state)) return;
  const { waitMs, backoff } = afterExit(state.backoff, ranNs / 1e6);
  state.backoff = backoff;
  state.waiting = new AbortController();
  await options.clock.sleep(waitMs, state.waiting.signal).catch(() => undefined); // aborted: stopping
  state.waiting = undefined;
  if (!mayRestart(state)) return;
  try {
    await startOnce(options, state);
  } catch (error) {
    options.onNote(`restart failed: ${error instanceof Error ? error.message : String(error)}`);
    await keepUp(options, state, 0);
  }
}

function mayRestart(state: State): boolean {
  return !state.stopping && state.policy === 'always';
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
