import { expect, test } from 'vitest';
import { runGuard } from '../../../src/pod/guard.ts';
import { gapMs, isStale, sightAfter } from '../../../src/pod/guard-watch.ts';
import type { GuardedRun, LeaseLook } from '../../../src/target/guarded-run.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

/** A Lease and what a run changed, as guards see them; each answer can be spoilt. */
function createWorld() {
  const clock = createSimClock();
  const world = {
    version: 1,
    holder: 'runner',
    gone: false,
    /** Its ConfigMap is there. */
    recorded: true,
    away: false,
    /** Of the API server, to each undo; undefined: it is done. */
    refusal: undefined as string | undefined,
    undone: [] as string[],
    /** The next undo never ends, as of a guard that is killed over it. */
    hangs: false,
  };
  const run = (pod: string): GuardedRun => ({
    look: async (): Promise<LeaseLook> => {
      if (world.away) return { kind: 'silent', why: 'timed out' };
      if (world.gone) return { kind: world.recorded ? 'gone' : 'ended' };
      const [mine, version] = [world.holder === pod, String(world.version)];
      await clock.sleep(10); // the way back, in which others may write
      return { kind: 'there', version, mine, lastsMs: 15_000 };
    },
    take: async (version) => {
      if (world.away) throw new Error('timed out');
      if (version !== String(world.version)) return false;
      world.version++;
      world.holder = pod;
      return true;
    },
    undo: async () => {
      if (world.hangs) {
        world.hangs = false;
        await new Promise(() => undefined);
      }
      await clock.sleep(300);
      if (!world.recorded) return [];
      if (world.refusal !== undefined) throw new Error(world.refusal);
      world.undone.push(pod);
      world.gone = true;
      world.recorded = false;
      return ['deployment/gateway restored'];
    },
  });
  const guard = (pod = 'guard') => {
    const said: string[] = [];
    const told = new AbortController();
    const life = { said, end: () => told.abort(), code: undefined as number | undefined };
    const options = { run: run(pod), clock, signal: told.signal, say: (line: string) => said.push(line) };
    void runGuard(options).then((code) => {
      life.code = code;
    });
    return life;
  };
  /** As the runner does it, every 5 s. */
  const renewFor = async (ms: number) => {
    for (let atMs = 0; atMs < ms; atMs += 5_000) {
      if (world.holder === 'runner' && !world.away) world.version++;
      await clock.pass(Math.min(5_000, ms - atMs));
    }
  };
  return { world, clock, guard, renewFor };
}

test('a run that renews its Lease is never touched; one that stops is undone once it is stale, and within 3 s of that', async () => {
  const { world, clock, guard, renewFor } = createWorld();
  const life = guard();
  await renewFor(300_000);
  await clock.pass(9_000);
  expect([world.holder, life.said]).toEqual(['runner', []]);
  await clock.pass(4_000);
  expect([world.holder, world.undone, life.code]).toEqual(['guard', ['guard'], 0]);
  expect(life.said).toEqual(['the run is gone: deployment/gateway restored']);
});

test('a guard that is started, or one whose API server was away, sees the whole time of a Lease before it acts', async () => {
  const { world, clock, guard, renewFor } = createWorld();
  world.version = 7;
  const life = guard();
  await clock.pass(14_000);
  expect(world.undone).toEqual([]);
  world.version++;
  await renewFor(10_000);
  // For a minute nobody can renew, and nobody can know of it.
  world.away = true;
  await clock.pass(60_000);
  world.away = false;
  await clock.pass(4_000);
  expect(world.undone).toEqual([]);
  await renewFor(60_000);
  expect([world.undone, life.said]).toEqual([[], ['the API server does not answer: timed out']]);
});

test('time in which nobody looked does not count, as of a guard that was held still: not by one clock, not by any', () => {
  const look = { kind: 'there', version: '1', mine: false, lastsMs: 15_000 } as const;
  const at = (ms: number) => ({ startNs: ms * 1e6, endNs: (ms + 10) * 1e6 });
  const first = sightAfter(undefined, look, at(0));
  const held = sightAfter(first, look, at(40_000));
  expect(isStale(held, 15_000)).toBe(false);
  let watched = first;
  for (let ms = 0; ms <= 15_020; ms += gapMs - 20) watched = sightAfter(watched, look, at(ms));
  // A look that took its time is as old as its question.
  watched = sightAfter(watched, look, { startNs: 15_005e6, endNs: 15_200e6 });
  expect(isStale(watched, 15_000)).toBe(false);
  expect(isStale(sightAfter(watched, look, at(15_011)), 15_000)).toBe(true);
  // An answer that was under way for long is old.
  const late = sightAfter(watched, look, { startNs: 15_011e6, endNs: 30_000e6 });
  expect(isStale(late, 15_000)).toBe(false);
});

test('of two guards one takes the oath; the other stands by, and takes it when the first one dies over it', async () => {
  const { world, clock, guard } = createWorld();
  const both = [guard('one'), guard('other')];
  world.hangs = true;
  await clock.pass(20_000);
  const [first, second] = world.holder === 'one' ? ['one', 'other'] : ['other', 'one'];
  expect([world.version, world.undone]).toEqual([2, []]);
  expect(both.flatMap(({ said }) => said)).toEqual([
    'not undone, tried again: another wrote the Lease meanwhile',
  ]);
  await clock.pass(20_000);
  expect([world.version, world.undone, world.holder]).toEqual([3, [second], second]);
  expect(first).not.toBe(second);
});

test('where the first of two is quick the other finds nothing to do, and both end', async () => {
  const { world, clock, guard } = createWorld();
  const both = [guard('one'), guard('other')];
  await clock.pass(20_000);
  expect([world.version, world.undone.length, both.map(({ code }) => code)]).toEqual([2, 1, [0, 0]]);
});

test('an API server that refuses or stays away is asked again until the deadline, and each reason is said once', async () => {
  const { world, clock, guard } = createWorld();
  const life = guard();
  world.refusal = 'the server is currently unable to handle the request';
  await clock.pass(60_000);
  world.away = true;
  await clock.pass(20_000);
  world.away = false;
  await clock.pass(30_000);
  expect([world.undone, life.code]).toEqual([[], undefined]);
  expect(life.said).toEqual([
    `not undone, tried again: ${world.refusal}`,
    'the API server does not answer: timed out',
    `not undone, tried again: ${world.refusal}`,
  ]);
  await clock.pass(600_000);
  expect(life.code).toBe(1);
  expect(life.said.at(-1)).toBe('given up after 600 s; from any machine: squall recover --all');
  // The kubelet starts it again under the same name: it holds the oath still.
  world.refusal = undefined;
  const again = guard();
  await clock.pass(1_000);
  expect([world.undone, again.code]).toEqual([['guard'], 0]);
});

test('a run that ends takes its Lease away and then its record: nothing is touched; a record that stays without a Lease is', async () => {
  const { world, clock, guard, renewFor } = createWorld();
  const life = guard();
  await renewFor(20_000);
  world.gone = true;
  await clock.pass(1_100);
  expect(life.code).toBeUndefined();
  world.recorded = false;
  await clock.pass(1_100);
  expect([life.code, life.said, world.undone]).toEqual([0, [], []]);
  world.recorded = true;
  const next = guard('next');
  await clock.pass(3_000);
  expect([next.code, world.undone]).toEqual([0, ['next']]);
});

test('one that is told to end leaves a run that lives, and never one that does not', async () => {
  const { world, clock, guard, renewFor } = createWorld();
  const life = guard();
  await renewFor(20_000);
  life.end();
  await clock.pass(2_000);
  expect(life.code).toBeUndefined();
  await renewFor(5_000);
  // Not 0: its Job would take its work as done.
  expect([life.code, world.undone]).toEqual([143, []]);
  const next = guard('next');
  await renewFor(5_000);
  next.end();
  await clock.pass(30_000);
  expect([next.code, world.undone]).toEqual([0, ['next']]);
});
