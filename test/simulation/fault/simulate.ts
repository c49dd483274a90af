import { type Random, random } from '../../../src/base/random.ts';
import { type FaultEngine, startFaultEngine } from '../../../src/fault/engine.ts';
import { judgeWatch } from '../../../src/fault/heartbeat.ts';
import { decodeJournal, type Journal, journalOver } from '../../../src/fault/journal.ts';
import { openWork, undoInjections } from '../../../src/fault/replay.ts';
import { findClashes } from '../../../src/plan/clashes.ts';
import type { Plan, PlannedFault } from '../../../src/plan/types.ts';
import type { Target } from '../../../src/target/target.ts';
import { simulatedKinds } from './kinds.ts';
import { Life, VirtualTime } from './virtual-time.ts';
import { SimFile, World } from './world.ts';

/** What is broken on purpose, to see that the simulator notices. */
export type Sabotage = 'none' | 'no-sync' | 'late-intent' | 'no-deadline';

export interface Outcome {
  seed: number;
  how: string;
  /** What was wrong; empty: nothing. */
  wrong: string[];
  /** Virtual, from the end of the runner to a clean state. */
  cleanAfterMs: number;
}

const endings = [
  'finish',
  'rollback',
  'runner dies',
  'runner and guards die',
  'runner hangs',
  'undo hangs',
] as const;

/** One seeded run of the real engine, journal, replay and guard's judgement, in virtual time. */
export async function simulate(seed: number, sabotage: Sabotage = 'none'): Promise<Outcome> {
  const dice = random(seed, 'simulation');
  const how = endings[dice.below(endings.length)] ?? 'finish';
  const plan = planOf(dice);
  const names = ['a-0', 'a-1', 'b-0'].slice(0, 1 + dice.below(3));
  const world = new World(random(seed, 'failures'), names, dice.next() < 0.3 ? 0.3 : 0);
  const start = world.snapshot();
  const file = new SimFile();
  const time = new VirtualTime();
  const wrong: string[] = [];
  const ends = { at: 1 + dice.below(70), as: how === 'runner hangs' ? 'hung' : 'dead' } as const;
  const mayEnd = how.startsWith('runner');
  const runner = new Life(mayEnd ? ends : undefined, () => {
    if (ends.as === 'dead') file.crash(dice);
  });
  const journal = sabotaged(
    journalOver(file.openFor(runner, { sync: sabotage !== 'no-sync' }), time.clockOf(runner)),
    sabotage,
  );
  const target = new Life();
  const restartAfter = (member: string) =>
    void time
      .clockOf(target)
      .sleep(50 + dice.below(500))
      .then(() => world.start(member));
  const mustBeIntended = (fault: string, member: string) => {
    const intended = decodeJournal(file.durable).some(
      (entry) => entry.kind === 'intent' && entry.fault === fault && entry.member === member,
    );
    if (!intended) wrong.push(`${fault} on ${member} without a durable intent`);
  };
  const stuck = how === 'undo hangs';
  const faults = simulatedKinds({ world, life: runner, mustBeIntended, restartAfter, stuck });
  const engine = startFaultEngine({
    plan,
    faults,
    target: targetOf(names, world),
    journal,
    clock: time.clockOf(runner),
    runId: 'sim',
    seed,
    execute: world.powerOf(runner).execute,
  });
  const t0Ns = time.nowNs + 1e9;
  engine.go(t0Ns);
  const finished = await drive({ engine, how, time, runner, dice, t0Ns, wrong });
  const fromNs = time.nowNs;
  // The links are of the runner: they end with it, or with the end of an orderly run.
  if (runner.state === 'dead') world.cut.clear();
  await guard({ how, file, world, time, runner, dice });
  // Members that were killed are back by then.
  await time.run(() => names.every((name) => world.processes.has(name)), time.nowNs + 2e9);
  const cleanAfterMs = (time.nowNs - fromNs) / 1e6;
  if (world.snapshot() !== start) wrong.push(`left: ${world.snapshot()}`);
  // A kill has nothing to undo: a runner that hangs in its wait for the restart leaves only that wait.
  const open = openWork(decodeJournal(file.visible())).injections.filter(({ undo }) => undo.length > 0);
  if (open.length > 0) wrong.push('the journal is open');
  if (!finished && runner.state === 'alive' && how === 'finish') wrong.push('the engine did not end');
  return { seed, how, wrong, cleanAfterMs };
}

function sabotaged(journal: Journal, sabotage: Sabotage): Journal {
  const late: Parameters<Journal['append']>[0][] = [];
  return {
    append: (event) => {
      if (sabotage === 'late-intent' && event.kind === 'intent') return void late.push(event);
      if (sabotage === 'no-deadline' && event.kind === 'intent')
        return journal.append({ ...event, deadlineNs: 1e18 });
      for (const one of late.splice(0)) journal.append(one);
      journal.append(event);
    },
    close: () => journal.close(),
  };
}

async function drive(run: {
  engine: FaultEngine;
  how: string;
  time: VirtualTime;
  runner: Life;
  dice: Random;
  t0Ns: number;
  wrong: string[];
}): Promise<boolean> {
  const { engine, time, runner, how, wrong } = run;
  let finished = false;
  const noted = (clean: boolean, left: string[]) => {
    finished = true;
    if (!clean) wrong.push(`rollback left ${left.join()}`);
  };
  // As run.ts does it: rollback stands at the end of every run.
  void engine.done
    .then(() => engine.rollback())
    .then(({ clean, left }) => noted(clean, left))
    .catch(() => {});
  if (how === 'rollback') {
    await time.run(() => finished, run.t0Ns + run.dice.below(12_000) * 1e6);
    if (!finished) void engine.rollback().catch(() => {});
  }
  const limitNs = how === 'undo hangs' ? run.t0Ns + 13e9 : run.t0Ns + 120e9;
  await time.run(() => finished || runner.state !== 'alive', limitNs);
  return finished;
}

/** What guard-watch.ts does, in virtual time: looks, judges, undoes; may itself die and have a successor. */
async function guard(run: {
  how: string;
  file: SimFile;
  world: World;
  time: VirtualTime;
  runner: Life;
  dice: Random;
}): Promise<void> {
  const { how, file, world, time, runner, dice } = run;
  const released = how === 'finish' || how === 'rollback';
  const hungNs = time.nowNs;
  const lives = how === 'runner and guards die' ? 3 : 1;
  for (let generation = 1; generation <= lives; generation++) {
    const last = generation === lives;
    const life = new Life(last ? undefined : { at: 1 + dice.below(20), as: 'dead' }, () => file.crash(dice));
    const clock = time.clockOf(life);
    const power = world.powerOf(life);
    let over = false;
    const live = async () => {
      const journal = journalOver(file.openFor(life, { sync: true }), clock);
      for (;;) {
        const open = openWork(decodeJournal(file.visible())).injections;
        const beatAgeMs = runner.state === 'hung' ? (clock.nowNs() - hungNs) / 1e6 : 0;
        const runnerAlive = runner.state !== 'dead';
        const judged = judgeWatch({ runnerAlive, released, beatAgeMs, nowNs: clock.nowNs(), open });
        if (judged.kind === 'watch' && open.every(({ undo }) => undo.length === 0)) return;
        if (judged.kind === 'fence') {
          runner.kill();
          world.cut.clear();
        }
        const expired = judged.kind === 'expire' ? judged.injections : open.map(({ injection }) => injection);
        const chosen =
          judged.kind === 'watch' ? [] : open.filter(({ injection }) => expired.includes(injection));

        const left = await undoInjections({ injections: chosen, journal, by: 'guard', power });
        if (left.length === 0 && (judged.kind === 'sweep' || judged.kind === 'fence')) return;
        await clock.sleep(250);
      }
    };
    void live()
      .catch(() => {})
      .finally(() => {
        over = true;
      });
    await time.run(() => over || life.state !== 'alive', time.nowNs + 60e9);
  }
}

const kindActs = {
  'container-pause': 'process',
  'disk-fill': 'storage',
  'collector-reconfigure': 'reconfigure',
  'network-partition': 'link',
  'container-kill': 'process',
} as const;
const kindNames = [
  'container-pause',
  'disk-fill',
  'collector-reconfigure',
  'network-partition',
  'container-kill',
] as const;

function planOf(dice: Random): Plan {
  const faults: PlannedFault[] = [];
  const plan = { faults } as Partial<Plan> as Plan;
  const count = 1 + dice.below(5);
  for (let number = 0; number < count; number++) {
    const kind = kindNames[dice.below(kindNames.length)] ?? 'container-kill';
    const startNs = dice.below(5_000) * 1e6;
    const mode = (['one', 'all', 'fixed-percent', 'random-max-percent'] as const)[dice.below(4)] ?? 'one';
    const member = (['a', 'a-0', undefined] as const)[dice.below(3)];
    const selector = { mode, value: 60, ...(member === undefined ? {} : { member }) };
    const spec = {
      name: `f${number}`,
      kind,
      acts: kindActs[kind],
      atMs: startNs / 1e6,
      selector,
      params: {},
    };
    const endNs = startNs + (1 + dice.below(5_000)) * 1e6;
    faults.push({ spec, startNs, ...(kind === 'container-kill' ? {} : { endNs }) });
    if (findClashes(faults).length > 0) faults.pop();
  }
  return plan;
}

function targetOf(names: readonly string[], world: World): Target {
  const members = names.map((name) => ({
    name,
    group: name.slice(0, 1),
    otlp: { headers: {} },
    version: '',
    process: {
      current: () => {
        const pid = world.processes.get(name)?.pid;
        return pid === undefined ? undefined : { id: `process ${pid}`, host: { pid, startTicks: pid } };
      },
      signal: async () => {},
      ready: async () => undefined,
      starts: () => [],
      setRestart: () => {},
    },
  }));
  const down = async () => {};
  return { kind: 'sim', members, entry: members, reach: { ns: 0, parts: [] }, settleNs: 0, notes: [], down };
}
