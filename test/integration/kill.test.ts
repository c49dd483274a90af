import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { random } from '../../src/base/random.ts';
import { type Census, changedFiles, stillHere, takeCensus } from '../fixtures/census.ts';
import { collectorConfig, manyFaults } from '../fixtures/many-faults.ts';
import { noParts, squall } from '../fixtures/squall.ts';
import { type StartedRun, startRun } from '../fixtures/started-run.ts';
import { runnerLives, strike, type Victim } from '../fixtures/stroke.ts';

/**
 * The contract's: a fault may stand for the guard's 15 s, and 5 s more may pass until nothing is left; and as much again
 * for a machine that has other work.
 */
const cleanWithinMs = 40_000;
/** Parts of a run and how long they take about, on two cores that three such runs share; a third of the strokes is early. */
const parts = { 'after the start': 6_000, 'after the first fault': 8_000 } as const;

const strokes: readonly (readonly [Victim, number])[] = [
  ['the runner', 9],
  ['the runner and the first guard', 4],
  ['the runner and all guards', 4],
  ['the first guard', 2],
  ['all guards', 2],
];

interface Trial {
  number: number;
  victim: Victim;
  since: keyof typeof parts;
  atMs: number;
  /** Struck when every fault is in place, however long this machine takes until then. */
  whenAllAct: boolean;
}

/** SQUALL_TEST_SEED repeats the instants of a failure. */
const seed = Number(process.env.SQUALL_TEST_SEED ?? 1);
const trials = planTrials();
const base = mkdtempSync(join(tmpdir(), 'squall-kill-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** One instant in each of as many equal pieces of a part, so that none goes untried; who dies in which is dealt. */
function planTrials(): Trial[] {
  const dice = random(seed, 'kill');
  const dealt = strokes
    .flatMap(([victim, count]) => Array.from({ length: count }, () => ({ victim, at: dice.next() })))
    .toSorted((a, b) => a.at - b.at);
  const early = Math.round(dealt.length / 3);
  const whole = dealt.findIndex(({ victim }, number) => number >= early && !runnerLives(victim));
  return dealt.map(({ victim }, number) => {
    const since = number < early ? 'after the start' : 'after the first fault';
    const [piece, pieces] = number < early ? [number, early] : [number - early, dealt.length - early];
    const atMs = Math.round(((piece + dice.next()) * parts[since]) / pieces);
    return { number, victim, since, atMs, whenAllAct: number === whole };
  });
}

const prior = readFileSync(collectorConfig, 'utf8');

/** What is left of the run. Without any guard nobody is there to put files back: recover does. */
function leftOf(run: StartedRun, census: Census, files: boolean): string[] {
  const { runId, out } = run;
  const signs = ['work', 'heartbeat', 'halt'].filter((name) => existsSync(join(out, name)));
  return [...stillHere({ census, runId, out }), ...(files ? [...changedFiles(out, prior), ...signs] : [])];
}

function faultNames(): string[] {
  return manyFaults().match(/(?<=name: )(pause|cut|full|change|outage)/g) ?? [];
}

/** One stroke and all that must hold afterwards; gives the faults that were in place. */
async function tryOne(trial: Trial): Promise<string[]> {
  const runId = `kill-${process.pid}-${trial.number}`;
  const scenario = manyFaults(trial.whenAllAct ? { load: '40s', hold: '30s' } : {});
  const run = startRun({ dir: join(base, runId), runId, scenario });
  try {
    return await strikeAndLook(trial, run);
  } finally {
    run.child.kill('SIGTERM'); // of a trial that failed; it must not go on beside the others
  }
}

async function strikeAndLook(trial: Trial, run: StartedRun): Promise<string[]> {
  const { number, victim, since, atMs, whenAllAct } = trial;
  if (since === 'after the first fault') await run.applied('pause');
  if (whenAllAct) for (const fault of faultNames()) await run.applied(fault);
  // The instant is the test's random input, not a wait for anything.
  await clock.sleep(atMs);
  const census = takeCensus(run.pid, run.runId);
  const inPlace = run.inPlace();
  const name = `SQUALL_TEST_SEED=${seed} trial ${number}: ${victim}, ${atMs} ms ${since}, in place: ${inPlace}`;
  const { guarded } = strike(victim, run);
  // No fault is injected before two guards watch.
  if (!guarded && victim !== 'the runner and all guards' && victim !== 'all guards')
    expect(inPlace, name).toEqual([]);
  if (runnerLives(victim)) {
    const code = await run.exited;
    // It goes on, under new guards: its verdict stands, and nothing is left that recover would have to see to. A guard
    // that was killed before it said its first word is one that did not start.
    const fine = since === 'after the start' ? [0, 1, 2, 4] : [0, 1, 2];
    expect(fine, `${name}\n${run.stderr()}`).toContain(code);
    expect(run.stderr(), name).toContain('in place none');
  }
  const strokeNs = clock.nowNs();
  const files = guarded || runnerLives(victim);
  await waitFor(clock, { timeoutMs: cleanWithinMs, everyMs: 100 }, () =>
    leftOf(run, census, files).length === 0 ? true : undefined,
  );
  const tookMs = (clock.nowNs() - strokeNs) / 1e6;
  expect(leftOf(run, census, files), name).toEqual([]);
  for (const time of ['first', 'second']) {
    const recovered = await squall(['recover', '--all'], { env: run.env });
    expect(recovered.stderr, `${name}, ${time} recover`).toContain('clean');
    expect(recovered.code, `${name}, ${time} recover:\n${recovered.stderr}`).toBe(0);
  }
  expect([...leftOf(run, census, true), ...run.listed()], name).toEqual([]);
  process.stderr.write(`${name}; clean after ${tookMs.toFixed(0)} ms\n`);
  return inPlace;
}

/**
 * Tried by breaking the code: without the undoing of a run's resources by the sweep the trials of the runner fail;
 * without a look after killed guards those of all guards do.
 */
describe.skipIf(noParts !== '')(`SIGKILL at ${trials.length} instants of a whole run${noParts}`, () => {
  test('of the runner, its guards, or both: nothing is left, and recover says so', async () => {
    const queue = [...trials];
    const inPlace: string[] = [];
    const failures: string[] = [];
    const lane = async () => {
      for (let trial = queue.shift(); trial !== undefined; trial = queue.shift()) {
        // A failure must not leave other lanes' runs behind: all go on to their end.
        await tryOne(trial).then(
          (faults) => inPlace.push(...faults),
          (error: Error) => failures.push(error.message),
        );
      }
    };
    await Promise.all([lane(), lane(), lane()]);
    expect(failures).toEqual([]);
    // The strokes are worth something only if they met faults: of every kind there is.
    expect(new Set(inPlace)).toEqual(new Set(faultNames()));
  });
});
