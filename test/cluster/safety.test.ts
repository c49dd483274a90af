import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { type AgentPlace, openAgentPlace, textOf } from '../fixtures/agent-place.ts';
import { planStrokes, reaches, strike } from '../fixtures/agent-strokes.ts';
import { findApiServer } from '../fixtures/api-server.ts';
import { uniqueName } from '../fixtures/cluster.ts';
import { noImage } from '../fixtures/cluster-image.ts';
import { makePlace, squall } from '../fixtures/squall.ts';
import { startRun } from '../fixtures/started-run.ts';
import { strike as kill } from '../fixtures/stroke.ts';

/** Half an hour, so apart from the other suites: see test/README.md. */
const why =
  process.env.SQUALL_SAFETY === undefined ? 'SQUALL_SAFETY is not set: npm run test:safety' : noImage;
const seed = Number(process.env.SQUALL_TEST_SEED ?? 1);
const budgetMs = Number(process.env.SQUALL_SAFETY_BUDGET_S ?? 2400) * 1000;
const apiServer = why === undefined ? await findApiServer() : undefined;

/** As the contract has it, where the API server was away. */
const returnedWithinMs = 45_000;

describe.skipIf(why !== undefined)(`safety of runs on a cluster (${why ?? 'all of it'})`, () => {
  let place: AgentPlace;
  const startMs = Date.now();
  const met = new Set<string>();

  beforeAll(async () => {
    place = await openAgentPlace('squall-safety');
  });
  afterAll(() => place.close());

  const on = (member: string) => ({ selector: { member } });
  const cut = {
    name: 'cut',
    kind: 'network-partition',
    at: '1s',
    duration: '8s',
    peer: 'sink',
    ...on('gateway'),
  };
  const more = { name: 'more', kind: 'scale', at: '1s', duration: '8s', replicas: 2, ...on('spare') };
  const slow = {
    name: 'slow',
    kind: 'resource-limit',
    at: '1s',
    duration: '8s',
    cpu: '200m',
    ...on('gateway'),
  };
  const pause = { name: 'pause', kind: 'container-pause', at: '2s', duration: '7s', ...on('gateway') };

  /** A run whose faults are all in place, and what was there before it. */
  const struck = async (faults: { name: string }[], wait: { name: string }[] = faults) => {
    const runId = uniqueName('safe');
    const before = await place.state(runId);
    const { dir } = makePlace();
    const scenario = textOf(place.scenario({ faults, seconds: 15 }));
    const run = startRun({ dir: join(dir, 'run'), runId, scenario });
    for (const { name } of wait) await run.applied(name);
    return { run, before, state: () => place.state(runId) };
  };

  test.for(planStrokes(seed))('SIGKILL $number: $victim, $since + $atMs ms', async (stroke, context) => {
    if (Date.now() - startMs > budgetMs) context.skip(`the time box of ${budgetMs / 1000} s is used up`);
    const { inPlace, line } = await strike(stroke, place);
    for (const fault of inPlace) met.add(fault);
    console.log(line);
  });

  test('the strokes met every fault', () => {
    expect([...met].sort()).toEqual(['cut', 'more', 'pause', 'slow']);
  });

  test.skipIf(apiServer === undefined).for(['goes on', 'is killed meanwhile'])(
    'the API server is away while faults are to end, and the runner %s: all as before within 45 s of its return',
    async (fate) => {
      const { run, before, state } = await struck([cut, more, slow, pause]);
      apiServer?.stop();
      try {
        if (fate === 'is killed meanwhile') kill('the runner', run);
        await clock.sleep(20_000); // past every deadline
      } finally {
        apiServer?.go();
      }
      const returnedNs = clock.nowNs();
      const since = () => ((clock.nowNs() - returnedNs) / 1e9).toFixed(1);
      const { agents: _, ...acted } = before;
      const held = async () => {
        const { agents, ...found } = await state();
        return found;
      };
      await reaches(held, acted, returnedWithinMs);
      console.log(`API server away for 20 s, the runner ${fate}: all as before after ${since()} s`);
      await run.exited;
      await reaches(state, before, returnedWithinMs);
    },
  );

  test('a runner that sleeps past the deadlines is ended by its guard: it never wakes, all is as before', async () => {
    const { run, before, state } = await struck([cut, more]);
    process.kill(run.pid, 'SIGSTOP');
    expect(await run.exited).toBeNull();
    expect(() => process.kill(run.pid, 'SIGCONT')).toThrow();
    await reaches(state, before, 60_000);
  });

  test('a runner that slept without guards, and was given up from elsewhere, applies nothing when it wakes', async () => {
    const again = { ...more, name: 'again', at: '12s' };
    const later = { ...cut, name: 'later', at: '12s' };
    const { run, before, state } = await struck([cut, more, again, later], [cut, more]);
    process.kill(run.pid, 'SIGSTOP');
    kill('all guards', run);
    const { env } = makePlace();
    const { code, stderr } = await squall(['recover', '--run', run.runId, ...place.named], { env });
    expect(code, stderr).toBe(0);
    await reaches(state, before, 60_000);
    process.kill(run.pid, 'SIGCONT');
    const over = run.exited.then(() => true);
    const seen: unknown[] = [];
    while (!(await Promise.race([over, clock.sleep(500).then(() => false)]))) {
      const { marked, rules } = await state();
      if (marked !== '' || JSON.stringify(rules) !== JSON.stringify(before.rules))
        seen.push({ marked, rules });
    }
    expect(seen, run.stderr()).toEqual([]);
    await reaches(state, before, 60_000);
  });
});
