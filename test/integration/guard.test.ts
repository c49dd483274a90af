import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { random } from '../../src/base/random.ts';
import { guardTag } from '../../src/fault/guard.ts';
import { heartbeatTtlMs } from '../../src/fault/heartbeat.ts';
import { readJournal } from '../../src/fault/journal.ts';
import { findTagged, readProcess } from '../../src/fault/process-table.ts';
import { haltRun, recoverAll, recoverRun } from '../../src/fault/recover.ts';
import { isOpen } from '../../src/fault/state.ts';
import { runTag } from '../../src/target/held-process.ts';
import { type Program, startProgram } from '../fixtures/programs/program.ts';

/**
 * Tried by breaking the code: without the undos of the sweep, or without the second guard, trials below fail; without
 * the end of a runner that hangs, its test does; without the dead-man's SIGCONT at the end of its pipe, or at its
 * deadline, its two tests do. The order of fsync and effect and the guard's deadline are broken, each time, in
 * test/simulation/fault.
 */
/** The contract's, and as much again for a machine that has other work. */
const cleanWithinMs = 2 * (heartbeatTtlMs + 5_000);
const base = mkdtempSync(join(tmpdir(), 'squall-guard-'));
const priorHome = process.env.XDG_STATE_HOME;
beforeAll(() => {
  process.env.XDG_STATE_HOME = join(base, 'state');
});
afterAll(() => {
  if (priorHome === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = priorHome;
  rmSync(base, { recursive: true, force: true });
});

const killers = ['runner', 'guard', 'runner and guard', 'second guard, then runner', 'everything'] as const;

function guardsOf(runId: string): { first: number[]; second: number[] } {
  const guards = findTagged(guardTag, runId);
  const pids = (role: string) => guards.filter(({ command }) => command.includes(role)).map(({ pid }) => pid);
  return { first: pids('"role":"first"'), second: pids('"role":"second"') };
}

function strike(who: (typeof killers)[number], runId: string, runner: Program): void {
  const { first, second } = guardsOf(runId);
  const pid = runner.child.pid ?? 0;
  const chosen = {
    runner: [pid],
    guard: first,
    'runner and guard': [...first, pid],
    'second guard, then runner': [...second, pid],
    everything: [pid, ...first, ...second],
  }[who];
  for (const one of chosen) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It had ended in order just before.
    }
  }
}

/** Everything of the run that can still be seen, whatever any record says. */
function seenOf(runId: string, runDir: string): string[] {
  const processes = findTagged(runTag, runId).map(({ pid, state }) => `process ${pid} ${state}`);
  const work = join(runDir, 'work');
  const files = existsSync(work) ? readdirSync(work).filter((name) => name !== 'config.yaml') : [];
  const config = readFileSync(join(work, 'config.yaml'), 'utf8');
  return [...processes, ...files, ...(config === 'receivers: {}\n' ? [] : [config])];
}

async function trial(seed: number): Promise<void> {
  const dice = random(seed, 'guard');
  const who = killers[seed % killers.length] ?? 'runner';
  const runId = `guard-${process.pid}-${seed}`;
  const runDir = join(base, runId);
  const runner = startProgram('fault-runner.ts', [runId, runDir]);
  await runner.says('started');
  // The instant of the stroke is the test's random input, not a wait for anything.
  await clock.sleep(dice.below(3_300));
  strike(who, runId, runner);
  const alone = who === 'everything';
  const clean = await waitFor(clock, { timeoutMs: cleanWithinMs, everyMs: 50 }, () => {
    const left = alone ? findTagged(runTag, runId) : seenOf(runId, runDir);
    const gone = left.length === 0 && (alone || !isOpen(runId)) && guardsOf(runId).first.length === 0;
    return gone ? true : undefined;
  });
  expect([seed, who, clean, clean ? [] : seenOf(runId, runDir)]).toEqual([seed, who, true, []]);
  await runner.exited;
  // Nobody was left to do it: recover does, from what lies on the disk.
  if (alone) expect(await recoverRun(runId)).toMatchObject({ clean: true });
  expect([seed, who, ...seenOf(runId, runDir)]).toEqual([seed, who]);
  expect(isOpen(runId)).toBe(false);
  if (who === 'guard') expect(runner.words.at(-1)).toContain('"released":{"clean":true,"left":[]}');
}

/** Side by side with those below: each has a run of its own, and mostly waits for a guard. */
describe.concurrent('SIGKILL at 25 random instants', () => {
  const seeds = Array.from({ length: 25 }, (_, seed) => seed);
  test('of the runner, a guard, both, or everything: nothing of the run is alive, stopped or changed', async () => {
    const queue = [...seeds];
    const lane = async () => {
      for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) await trial(seed);
    };
    await Promise.all([lane(), lane(), lane()]);
  });
});

test.concurrent('a run that ends in order is released: verified faults, nothing left, off the list', async () => {
  const runDir = join(base, 'order');
  const runner = startProgram('fault-runner.ts', ['order', runDir, 'slowly']);
  const done = JSON.parse((await runner.says('done')).slice('done '.length));
  await runner.exited;
  expect(done.released).toEqual({ clean: true, left: [] });
  expect(done.records.map((record: { verified: boolean }) => record.verified)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([runner.child.exitCode, isOpen('order')]).toEqual([0, false]);
  const closed = readJournal(join(runDir, 'journal.jsonl')).at(-1);
  expect(closed).toMatchObject({ kind: 'run-closed', by: 'guard', clean: true });
});

test.concurrent('a runner that hangs while a fault is in place is ended, and the fault undone, after the TTL', async () => {
  const runDir = join(base, 'hung');
  const runner = startProgram('guarded-runner.ts', ['hung', runDir]);
  await runner.says('filled');
  process.kill(runner.child.pid ?? 0, 'SIGSTOP');
  await runner.exited;
  expect(runner.child.signalCode).toBe('SIGKILL');
  const clean = await waitFor(clock, { timeoutMs: 40_000, everyMs: 50 }, () =>
    isOpen('hung') ? undefined : true,
  );
  expect(clean).toBe(true);
  expect(existsSync(join(runDir, 'fill'))).toBe(false);
  expect(findTagged(runTag, 'hung')).toEqual([]);
});

test.concurrent('halt ends a live run and brings it to nothing; a second halt is a success', async () => {
  const runDir = join(base, 'halted');
  const runner = startProgram('guarded-runner.ts', ['halted', runDir]);
  await runner.says('filled');
  expect(await recoverRun('halted')).toMatchObject({ clean: false });
  expect(await haltRun('halted')).toMatchObject({ clean: true });
  await runner.exited;
  expect([isOpen('halted'), existsSync(join(runDir, 'fill'))]).toEqual([false, false]);
  expect(findTagged(runTag, 'halted')).toEqual([]);
  expect(await haltRun('halted')).toMatchObject({ clean: true });
});

describe.concurrent('a pause is held by its own process', () => {
  const pause = async (deadlineMs: number, atEnd: TestContext['onTestFinished']) => {
    const victim = spawn('sleep', ['300'], { stdio: 'ignore' });
    const pid = victim.pid ?? 0;
    const holder = startProgram('pause-holder.ts', [`pause-${pid}`, String(pid), String(deadlineMs)]);
    for (const one of [victim, holder.child]) atEnd(() => void one.kill('SIGKILL'));
    await holder.says('stopped');
    // A signal is on its way for a moment.
    const isStopped = () => readProcess(pid)?.state === 'T' || undefined;
    expect(await waitFor(clock, { timeoutMs: 20_000, everyMs: 10 }, isStopped)).toBe(true);
    const runs = (timeoutMs: number) =>
      waitFor(clock, { timeoutMs, everyMs: 10 }, () => (readProcess(pid)?.state === 'T' ? undefined : true));
    return { holder, runs };
  };

  test('the victim goes on when the runner is killed, with no guard at all', async ({ onTestFinished }) => {
    const { holder, runs } = await pause(60_000, onTestFinished);
    holder.child.kill('SIGKILL');
    expect(await runs(20_000)).toBe(true);
  });

  test('the victim goes on at the deadline though the runner hangs', async ({ onTestFinished }) => {
    const { holder, runs } = await pause(5_000, onTestFinished);
    holder.child.kill('SIGSTOP');
    expect(await runs(20_000)).toBe(true);
  });
});

test('after all of them recover finds nothing left', async () => {
  expect(await recoverAll()).toMatchObject({ clean: true });
});
