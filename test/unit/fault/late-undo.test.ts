import { expect, test } from 'vitest';
import { z } from 'zod';
import { startFaultEngine } from '../../../src/fault/engine.ts';
import type { Fault, Undo } from '../../../src/fault/fault.ts';
import type { JournalEvent } from '../../../src/fault/journal.ts';
import type { Plan } from '../../../src/plan/types.ts';
import type { Target } from '../../../src/target/target.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

const undo: Undo = {
  kind: 'kubernetes-made',
  cluster: { context: 'c' },
  namespace: 'n',
  run: 'r',
  name: 'cut',
};
const holdMs = 1_000;

/** A fault of one second on one member, in a cluster whose API server is away from 0.5 s on. */
function world(options: { backMs: number }) {
  const clock = createSimClock();
  const state = { inPlace: false, tries: 0 };
  const away = () => clock.wallMs() > 500 && clock.wallMs() < options.backMs;
  const ask = () => {
    if (away()) throw new Error('connect ECONNREFUSED');
  };
  const fault: Fault = {
    kind: 'cut',
    summary: '',
    params: z.unknown(),
    oneShot: false,
    needs: { targets: ['sim'] },
    precondition: async () => undefined,
    undo: async () => [undo],
    inject: async () => {
      state.inPlace = true;
    },
    effect: async () => {
      ask();
      return state.inPlace ? 'it is cut' : undefined;
    },
    recover: async () => undefined,
    absence: async () => {
      ask();
      return state.inPlace ? undefined : 'it is free';
    },
  };
  const members = [{ name: 'a', group: 'a', otlp: { headers: {} }, version: '' }];
  const spec = {
    name: 'cut',
    kind: 'cut',
    atMs: 0,
    selector: { member: 'a', mode: 'one' as const },
    params: {},
  };
  const events: JournalEvent[] = [];
  const said: string[] = [];
  const engine = startFaultEngine({
    plan: { faults: [{ spec, startNs: 0, endNs: holdMs * 1e6 }] } as Partial<Plan> as Plan,
    faults: { cut: fault },
    target: { kind: 'sim', members } as Partial<Target> as Target,
    journal: { append: (event) => void events.push(event), close: () => undefined },
    clock,
    runId: 'r',
    seed: 1,
    onLate: (line) => void said.push(line),
    execute: async () => {
      state.tries += 1;
      try {
        ask();
        state.inPlace = false;
        return { done: true, reason: 'cut removed' };
      } catch {
        return { done: false, reason: 'connect ECONNREFUSED' };
      }
    },
  });
  engine.go(0);
  return { clock, engine, state, events, said };
}

test('an undo that fails is tried on until it works; its fault has the end that it really had', async () => {
  const { clock, engine, state, said } = world({ backMs: 24_000 });
  await clock.pass(23_000);
  expect(engine.active()).toEqual(['cut']);
  await clock.pass(5_000);
  const [record] = await engine.done;
  expect(record?.verified).toBe(true);
  expect(record?.effect).toBe('it is cut');
  for (const ns of [record?.observed.recoveredNs, record?.recovery.removedNs]) {
    expect(ns).toBeGreaterThanOrEqual(24e9);
    expect(ns).toBeLessThanOrEqual(26e9 + 20e6);
  }
  expect(state.tries).toBeLessThan(20);
  expect(record?.tries).toEqual({ why: 'connect ECONNREFUSED', count: state.tries - 1 });
  expect(said).toEqual(['cut on a could not be undone yet, and is tried on: connect ECONNREFUSED']);
  expect(await engine.rollback()).toEqual({ clean: true, left: [] });
});

test('what cannot be undone is given up after its time, said to be left, and has no end', async () => {
  const { clock, engine, state, events } = world({ backMs: Number.POSITIVE_INFINITY });
  await clock.pass(70_000);
  const [record] = await engine.done;
  expect(record).toMatchObject({
    verified: false,
    observed: { injectedNs: 0 },
    recovery: {},
    effect: 'it is cut; it was not seen to end: connect ECONNREFUSED',
  });
  expect(record?.observed.recoveredNs).toBeUndefined();
  const rolledBack = engine.rollback();
  await clock.pass(15_000);
  expect(await rolledBack).toEqual({ clean: false, left: ['cut on a may still be in place'] });
  expect(state.inPlace).toBe(true);
  expect(events.findLast(({ kind }) => kind === 'verified')).toMatchObject({ seen: false });
});

test('a rollback does not wait for the tries of a fault that ended before it', async () => {
  const { clock, engine } = world({ backMs: 12_000 });
  await clock.pass(5_000);
  const rolledBack = engine.rollback();
  await clock.pass(9_000);
  expect(await rolledBack).toEqual({ clean: true, left: [] });
});
