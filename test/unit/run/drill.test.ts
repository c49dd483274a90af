import { expect, test } from 'vitest';
import { z } from 'zod';
import { startFaultEngine } from '../../../src/fault/engine.ts';
import type { Fault } from '../../../src/fault/fault.ts';
import type { AlertRecord } from '../../../src/observe/alert-record.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { startDrill } from '../../../src/run/drill.ts';
import type { People } from '../../../src/run/drill-types.ts';
import type { DrillStep } from '../../../src/scenario/drill-spec.ts';
import type { Target } from '../../../src/target/target.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

const ask = (question: string): DrillStep => ({
  kind: 'suspend',
  question,
  deadlineMs: 60_000,
  runbook: 'r',
});
const begin = (fault: string): DrillStep => ({ kind: 'fault', fault });
const expectAlert = (fault: string, more: object = {}): DrillStep => ({
  kind: 'expect',
  fault,
  alert: 'Down',
  firesWithinMs: 5_000,
  ...more,
});

/** Faults cut-1 and cut-2 of ten seconds each on a clock that stands still; `alerts` by seconds from t = 0. */
function gameDay(
  drill: DrillStep[],
  options: {
    words?: string[];
    alerts?: AlertRecord[];
    nobody?: boolean;
    everyS?: number;
    evaluatedMs?: number;
    active?: string[];
  } = {},
) {
  const clock = createSimClock();
  const inPlace = new Set<string>();
  const state = { blocked: false, slowMs: 0, breaks: false };
  const fault: Fault = {
    kind: 'cut',
    summary: '',
    params: z.unknown(),
    oneShot: false,
    needs: { targets: ['sim'] },
    precondition: async () => (state.blocked ? 'it may not be' : undefined),
    undo: async () => [],
    inject: async (_, __, context) => {
      if (state.slowMs > 0) await clock.sleep(state.slowMs);
      if (state.breaks) throw new Error('it broke');
      inPlace.add(context.fault);
    },
    effect: async (_, __, context) => (inPlace.has(context.fault) ? 'it is cut' : undefined),
    recover: async (_, __, context) => void inPlace.delete(context.fault),
    absence: async (_, __, context) => (inPlace.has(context.fault) ? undefined : 'it is free'),
  };
  const names = ['cut-1', 'cut-2'];
  const faults = startFaultEngine({
    plan: {
      drill,
      faults: names.map((name) => ({
        spec: { name, kind: 'cut', atMs: 0, selector: { mode: 'one' as const }, params: {} },
        startNs: 900e9,
        endNs: 910e9,
      })),
    } as Partial<Plan> as Plan,
    faults: { cut: fault },
    target: {
      kind: 'sim',
      members: [{ name: 'a', group: 'a', otlp: { headers: {} }, version: '' }],
    } as Partial<Target> as Target,
    journal: { append: () => undefined, close: () => undefined },
    clock,
    runId: 'r',
    seed: 1,
  });
  const said: string[] = [];
  const words = [...(options.words ?? [])];
  const people: People = {
    gone: () => options.nobody === true,
    answer: async (signal) => {
      const word = words.shift() as 'go on' | 'stop' | 'gone' | undefined;
      if (word === undefined) await clock.sleep(1e9, signal);
      else await clock.sleep(1_000, signal);
      return word ?? 'gone';
    },
  };
  const ended = new AbortController();
  faults.go(0);
  const run = startDrill({
    drill,
    t0Ns: 0,
    fromNs: 2e9,
    clock,
    faults,
    people,
    alerts: async () => ({
      everyS: options.everyS ?? 1,
      active: options.active ?? [],
      evaluated: clock.wallMs() >= (options.evaluatedMs ?? 0),
      // As they are known by now.
      alerts: (options.alerts ?? [])
        .filter(({ activeS }) => activeS * 1000 <= clock.wallMs())
        .map(({ firingS = Number.POSITIVE_INFINITY, ...one }) =>
          firingS * 1000 > clock.wallMs() ? one : { ...one, firingS },
        ),
    }),
    say: (line) => void said.push(line.trim()),
    signal: ended.signal,
  });
  return { clock, run, said, inPlace, faults, state, ended };
}

const outcomes = ({ run }: ReturnType<typeof gameDay>) =>
  run.records.map(({ fromNs, toNs = Number.NaN, outcome }) => `${fromNs / 1e9}-${toNs / 1e9} ${outcome}`);

test('asks, injects, and injects the next one only when the first is over; ends a while after the last', async () => {
  const day = gameDay([ask('Ready?'), begin('cut-1'), begin('cut-2')], { words: ['go on'] });
  await day.clock.pass(2_500);
  expect(day.inPlace.size).toBe(0);
  expect(day.run.now()).toEqual({ phase: 'drill 1/3: Enter goes on', untilNs: 62e9 });
  await day.clock.pass(1_000);
  expect([...day.inPlace]).toEqual(['cut-1']);
  await day.clock.pass(9_000);
  expect([...day.inPlace]).toEqual(['cut-1']);
  await day.clock.pass(1_500);
  expect([...day.inPlace]).toEqual(['cut-2']);
  await day.clock.pass(15_000);
  expect(day.inPlace.size).toBe(0);
  expect(day.run.ended()).toBeUndefined();
  await day.clock.pass(10_000);
  expect(day.run.ended()).toEqual({ kind: 'over' });
  expect(outcomes(day)[0]).toBe('2-3 went on after 1.0 s');
  const records = await day.faults.done;
  // As they were begun, not as late as the plan had allowed for.
  expect(records.map(({ intended }) => Math.round(intended.startNs / 1e9))).toEqual([3, 13]);
  expect(records.map(({ verified }) => verified)).toEqual([true, true]);
  expect(day.said.slice(0, 3)).toEqual([
    'drill 1/3    Ready?',
    'runbook: r',
    'Enter goes on; stop and Enter ends the drill, and so does no answer within 1m',
  ]);
});

test.each([
  [['stop'], 'at "Ready?" the drill was stopped', 2_000],
  [['gone'], expect.stringMatching(/^at "Ready\?" nobody can answer: standard input has ended/), 2_000],
  [[], 'at "Ready?" nobody answered within 1m', 61_000],
])('%j ends it without a fault', async (words, why, ms) => {
  const day = gameDay([ask('Ready?'), begin('cut-1'), begin('cut-2')], { words });
  await day.clock.pass(2_000 + ms);
  expect(day.run.ended()).toEqual({ kind: 'stopped', why });
  await day.clock.pass(100_000);
  expect(day.run.records).toHaveLength(1);
  expect(day.faults.records().map(({ observed }) => observed)).toEqual([{}, {}]);
});

const down = (activeS: number, firingS: number, endS?: number): AlertRecord => ({
  alert: 'Down',
  labels: '',
  activeS,
  firingS,
  ...(endS === undefined ? {} : { endS }),
});

test('waits until an alert has fired, and where that is asked until it has resolved after the fault', async () => {
  const fires = gameDay([begin('cut-1'), expectAlert('cut-1'), begin('cut-2')], { alerts: [down(3, 4)] });
  await fires.clock.pass(4_900);
  expect(outcomes(fires)[1]).toMatch(/^2\.?\d*-4\.\d+ Down fired after \d\.\d s$/);
  const resolves = gameDay([begin('cut-1'), expectAlert('cut-1', { resolvesWithinMs: 20_000 })], {
    alerts: [down(3, 4, 15)],
  });
  await resolves.clock.pass(11_000);
  expect(resolves.run.records).toHaveLength(2);
  expect(resolves.run.records[1]?.toNs).toBeUndefined();
  await resolves.clock.pass(3_000);
  expect(resolves.run.records[1]?.outcome).toMatch(
    /^Down fired after .* and resolved 3\.\d s after cut-1 was over$/,
  );
});

test('gives an alert up when its time and a look are over, and goes on', async () => {
  const never = gameDay([begin('cut-1'), expectAlert('cut-1'), begin('cut-2')]);
  await never.clock.pass(2_000 + 9_900);
  expect(never.run.records).toHaveLength(2);
  await never.clock.pass(1_000);
  expect(never.run.records[1]?.outcome).toBe('Down did not fire');
  const stays = gameDay([begin('cut-1'), expectAlert('cut-1', { resolvesWithinMs: 7_000 })], {
    alerts: [down(3, 4)],
  });
  await stays.clock.pass(2_000 + 10_000 + 7_000 + 4_500);
  expect(stays.run.records[1]?.toNs).toBeUndefined();
  await stays.clock.pass(2_000);
  expect(stays.run.records[1]?.outcome).toMatch(/^Down fired after .* and has not resolved$/);
});

test('of a rule that is seldom evaluated the end is waited for as long as it takes to be seen', async () => {
  const day = gameDay([begin('cut-1'), expectAlert('cut-1', { resolvesWithinMs: 7_000 })], {
    alerts: [down(3, 4)],
    everyS: 30,
  });
  await day.clock.pass(2_000 + 10_000 + 7_000 + 55_000);
  expect(day.run.records[1]?.toNs).toBeUndefined();
  await day.clock.pass(10_000);
  expect(day.run.records[1]?.outcome).toMatch(/has not resolved$/);
});

test('a fault waits until the rules of its alerts were evaluated, and says of which that was not seen', async () => {
  const steps = [begin('cut-1'), expectAlert('cut-1'), begin('cut-2')];
  const slow = gameDay(steps, { evaluatedMs: 20_000 });
  await slow.clock.pass(19_500);
  expect(slow.inPlace.size).toBe(0);
  await slow.clock.pass(1_500);
  expect([...slow.inPlace]).toEqual(['cut-1']);
  expect(slow.run.records[0]).not.toHaveProperty('unevaluated');
  expect(slow.run.records[0]?.begunNs).toBeGreaterThanOrEqual(20e9);
  const never = gameDay(steps, { evaluatedMs: 1e9 });
  await never.clock.pass(244_000);
  expect([...never.inPlace]).toEqual(['cut-1']);
  expect(never.run.records[0]?.unevaluated).toEqual(['Down']);
  const standing = gameDay(steps, { active: ['member="a"'] });
  await standing.clock.pass(3_000);
  expect(standing.run.records[0]?.active).toEqual([{ alert: 'Down', labels: 'member="a"' }]);
});

test('a question cannot write to the terminal', async () => {
  const day = gameDay([ask('Ready?\u001b[31m\nred'), begin('cut-1'), begin('cut-2')]);
  await day.clock.pass(3_000);
  expect(day.said[0]).toBe('drill 1/3    Ready? [31m red');
});

test('a fault that cannot be done is told, and its alert is not waited for', async () => {
  const day = gameDay([begin('cut-1'), expectAlert('cut-1'), begin('cut-2')]);
  day.state.blocked = true;
  await day.clock.pass(3_000);
  expect(day.run.records.slice(0, 2).map(({ outcome }) => outcome)).toEqual([
    'not injected: it may not be',
    'cut-1 was not injected',
  ]);
});

test('where nobody can answer no fault begins, whichever step comes first', async () => {
  const day = gameDay([begin('cut-1'), ask('Ready?'), begin('cut-2')], { nobody: true });
  await day.clock.pass(5_000);
  expect([day.run.ended(), day.run.records]).toEqual([
    { kind: 'stopped', why: expect.stringContaining('--yes') },
    [],
  ]);
  const silent = gameDay([begin('cut-1'), begin('cut-2')], { nobody: true });
  await silent.clock.pass(5_000);
  expect([...silent.inPlace]).toEqual(['cut-1']);
});

test('a fault that takes its time is not told in place before it is, nor one that broke', async () => {
  const slow = gameDay([begin('cut-1'), ask('Seen?'), begin('cut-2')]);
  slow.state.slowMs = 4_000;
  await slow.clock.pass(5_000);
  expect(slow.run.records).toHaveLength(1);
  await slow.clock.pass(2_000);
  expect(slow.run.records[0]?.outcome).toBe('in place on a');
  const broken = gameDay([begin('cut-1'), ask('Seen?'), begin('cut-2')]);
  broken.state.breaks = true;
  await broken.clock.pass(30_000);
  expect(broken.run.records[0]?.outcome).toMatch(/^inject failed: it broke/);
});

test('a run that ends takes the drill with it, wherever it waits', async () => {
  const day = gameDay([ask('Ready?'), begin('cut-1'), begin('cut-2')]);
  await day.clock.pass(3_000);
  day.ended.abort();
  await day.clock.pass(1_000);
  await day.faults.rollback();
  expect([day.run.ended(), day.inPlace.size]).toEqual([undefined, 0]);
  expect((await day.faults.done).map(({ effect }) => effect)).toEqual([
    'not injected: the run ended before',
    'not injected: the run ended before',
  ]);
});
