import { expect, test } from 'vitest';
import type { ProcessExit } from '../../../src/target/held-process.ts';
import {
  type KeptProcess,
  type MemberProcess,
  startMemberProcess,
} from '../../../src/target/member-process.ts';
import { createSimClock, type SimClock } from '../../fixtures/sim-clock.ts';

interface Scene {
  clock: SimClock;
  power: MemberProcess;
  /** Ends the running process. */
  die(): void;
  signals: string[];
  released: number;
}

/** A member whose process is played by the test; it ends only by die() or release(). */
async function scene(fails: number[] = []): Promise<Scene> {
  const clock = createSimClock();
  const signals: string[] = [];
  const notes: string[] = [];
  let end: (exit: Omit<ProcessExit, 'atNs'>) => void = () => undefined;
  const result = { released: 0 };
  const power = await startMemberProcess({
    start: async (number): Promise<KeptProcess> => {
      if (fails.includes(number)) {
        fails.splice(fails.indexOf(number), 1);
        throw new Error('no room');
      }
      const exited = Promise.withResolvers<ProcessExit>();
      end = (exit) => exited.resolve({ atNs: clock.nowNs(), ...exit });
      return {
        identity: { id: `process ${100 + number}`, host: { pid: 100 + number, startTicks: number } },
        startedNs: clock.nowNs(),
        exited: exited.promise,
        signal: (signal) => signals.push(signal) > 0,
        release: async () => {
          result.released++;
          end({ code: null, signal: 'SIGKILL' });
        },
      };
    },
    readiness: { kind: 'port', host: '127.0.0.1', port: 1 },
    restart: 'always',
    clock,
    onNote: (sentence) => notes.push(sentence),
  });
  return Object.assign(result, { clock, power, signals, die: () => end({ code: 1, signal: null }) });
}

test('restarts wait as a kubelet does', async () => {
  const { clock, power, die } = await scene();
  die();
  await clock.pass(0);
  expect(power.starts()).toHaveLength(2);
  die();
  await clock.pass(9_999);
  expect(power.starts()).toHaveLength(2);
  expect(power.current()).toBeUndefined();
  await clock.pass(1);
  expect(power.current()).toMatchObject({ id: 'process 103' });
  expect(power.starts().map(({ exit }) => exit?.code)).toEqual([1, 1, undefined]);
});

test('never: stays down; set back to always it starts at once, whatever the back-off was', async () => {
  const { clock, power, die } = await scene();
  die();
  await clock.pass(0);
  power.setRestart('never');
  die();
  await clock.pass(1_000_000);
  expect(power.current()).toBeUndefined();
  power.setRestart('always');
  power.setRestart('always');
  await clock.pass(0);
  expect(power.starts()).toHaveLength(3);
});

test('stop() ends it in order, and no restart follows', async () => {
  const { clock, power, signals, die } = await scene();
  const stopped = power.stop(10_000);
  await clock.pass(20);
  expect(signals).toEqual(['SIGCONT', 'SIGTERM']);
  die();
  await clock.pass(20);
  await stopped;
  await clock.pass(1_000_000);
  expect(power.starts()).toHaveLength(1);
});

test('stop() does not wait longer than the grace, nor for a back-off', async () => {
  const stubborn = await scene();
  const stopped = stubborn.power.stop(10_000);
  await stubborn.clock.pass(10_010);
  await stopped;
  expect(stubborn.released).toBe(1);
  const waiting = await scene();
  waiting.die();
  await waiting.clock.pass(0);
  waiting.die();
  await waiting.clock.pass(1);
  await waiting.power.stop(10_000);
  await waiting.clock.pass(1_000_000);
  expect(waiting.power.starts()).toHaveLength(2);
});

test('a start that fails is tried again', async () => {
  const { clock, power, die } = await scene([2]);
  die();
  await clock.pass(0);
  expect(power.current()).toBeUndefined();
  await clock.pass(10_000);
  expect(power.current()).toBeDefined();
});
