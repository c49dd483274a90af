import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { type Sink, startSink } from '../observe/sink.ts';
import { type Program, serveControl } from './control.ts';
import { goAt } from './go.ts';
import { type Ask, format, type SinkTask } from './messages.ts';
import { createTimedReply } from './timed-reply.ts';

const ready = { kind: 'ready', format } as const;

/** The sink in a pod: listens once it was told the plan, and sends its evidence to the runner as it grows. */
export async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'squall-sink-'));
  await serveControl((say, { atBoot }) => createProgram({ dir, atBoot, onReady: () => say(ready) }), {
    dir,
  });
}

function createProgram(options: { dir: string; atBoot: bigint; onReady(): void }): Program {
  const { dir, atBoot } = options;
  let sink: Sink | undefined;
  let gone = false;
  let stopped: { failure: string | undefined } | undefined;
  const running = () => {
    if (sink === undefined) throw new Error('the sink was asked before it was started');
    return sink;
  };
  const setReply = createTimedReply(() => running().script, systemClock);
  const wallNs = (ns: number) => String(BigInt(Math.round(ns)) + atBoot);
  const answer = async (ask: Ask) => {
    switch (ask.what) {
      case 'go': {
        const { t0Ns, lateMs } = goAt(ask.t0WallNs, atBoot);
        if (!gone) running().go(t0Ns);
        gone = true;
        return { lateMs };
      }
      case 'reply': {
        const endNs = ask.endWallNs === undefined ? undefined : Number(BigInt(ask.endWallNs) - atBoot);
        const endedNs = await setReply(ask.reply ?? undefined, endNs);
        return { endedWallNs: endedNs === undefined ? null : wallNs(endedNs) };
      }
      case 'canary': {
        const found = await running().awaitCanary(ask.number, ask.timeoutMs);
        if (found === undefined) return { canary: null };
        return { canary: { arrivalWallNs: wallNs(found.arrivalNs), altered: found.altered } };
      }
      default:
        return { struck: await running().script.struck() };
    }
  };
  return {
    async start(message) {
      if (message.kind !== 'sink' || sink !== undefined) return;
      sink = await startSink(startOf(message.task, dir));
      options.onReady();
    },
    answer,
    state: () => (sink === undefined ? [] : [ready]),
    failure: () => (stopped === undefined ? sink?.failure() : stopped.failure),
    async stop() {
      stopped = { failure: sink?.failure() }; // its threads end now, which is no failure
      await sink?.stop();
    },
  };
}

function startOf(task: SinkTask, dir: string): Parameters<typeof startSink>[0] {
  const { capture, ...rest } = task;
  return {
    ...rest,
    arrivalsFile: join(dir, 'arrivals.bin'),
    ...(capture ? { captureFile: join(dir, 'capture.bin') } : {}),
  };
}
