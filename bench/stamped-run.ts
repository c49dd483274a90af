import { setTimeout as delay } from 'node:timers/promises';
import { nowNs } from '../src/base/clock.ts';
import { forkProgram, nextMessage, percentileOf, printRow } from './machine.ts';
import { openPlan } from './open-plan.ts';
import type { PacedResult, PacedStart } from './paced-sender.ts';
import type { StampingOrder, StampingStart, Stamps } from './stamping-receiver.ts';

export const seconds = 10;
export const stallMs = 1400;
export const itemsPerS = 10_000;

export interface StampedCase {
  meanDelayMs?: number;
  /** Spans a request; 100 unless given. */
  batch?: number;
  /** s; 10 unless given. */
  forS?: number;
  /** 5 s after t = 0: the receiver holds its answers, or the sending process is stopped. */
  stalls?: 'receiver' | 'sender';
  /** Sender and receiver each on one core only. */
  ownCores?: boolean;
}

/** 10,000 spans/s over gRPC by squall's load engine, against a receiver that stamps each request with the same clock. */
export async function runStamped(how: StampedCase): Promise<{ rows: PacedResult; stamps: Stamps }> {
  const { meanDelayMs = 0, batch = 100, forS = seconds, stalls, ownCores = false } = how;
  const receiver = await startStamping({ meanDelayMs, batch }, ownCores);
  const sender = forkProgram('paced-sender.ts', ownCores ? 0 : undefined);
  const plan = openPlan({ fromPerS: itemsPerS, toPerS: itemsPerS, seconds: forS, batch });
  const { address: grpc } = receiver;
  sender.send({ plan, grpc, http: grpc, tellStart: true } satisfies PacedStart);
  const { t0Ns } = await nextMessage<{ t0Ns: number }>(sender);
  const done = nextMessage<PacedResult>(sender);
  const atNs = t0Ns + 5e9;
  if (stalls === 'receiver') receiver.stall({ atNs, forMs: stallMs });
  if (stalls === 'sender') {
    await delay((atNs - nowNs()) / 1e6);
    sender.kill('SIGSTOP');
    await delay(stallMs);
    sender.kill('SIGCONT');
  }
  const rows = await done;
  return { rows, stamps: await receiver.end() };
}

export interface StampingReceiver {
  /** HOST:PORT */
  address: string;
  stall(when: { atNs: number; forMs: number }): void;
  /** Ends it and gives what it stamped. */
  end(): Promise<Stamps>;
}

export async function startStamping(start: StampingStart, ownCore: boolean): Promise<StampingReceiver> {
  const child = forkProgram('stamping-receiver.ts', ownCore ? 1 : undefined);
  child.send(start);
  return {
    address: await nextMessage<string>(child),
    stall: (when) => void child.send({ kind: 'stall', ...when } satisfies StampingOrder),
    end() {
      child.send({ kind: 'stamps' } satisfies StampingOrder);
      return nextMessage<Stamps>(child);
    },
  };
}

export const widths = [62, 12, 12, 12, 12];

export function printPercentiles(name: string, sorted: Float64Array): void {
  printRow([name, ...[50, 95, 99, 100].map((p) => percentileOf(sorted, p).toFixed(2))], widths);
}

export function spentMs({ arrivedNs, answeredNs }: Stamps, i: number): number {
  return ((answeredNs[i] ?? 0) - (arrivedNs[i] ?? 0)) / 1e6;
}
