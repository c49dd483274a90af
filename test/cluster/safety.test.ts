import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock as clock } from '../../src/base/clock.ts';
import { type AgentPlace, openAgentPlace, textOf } from '../fixtures/agent-place.ts';
import { planStrokes, reaches, strike } from '../fixtures/agent-strokes.ts';
import { fates, outlast } from '../fixtures/api-outage.ts';
import { apiServerPidFile, findApiServer } from '../fixtures/api-server.ts';
import { uniqueName } from '../fixtures/cluster.ts';
import { noImage } from '../fixtures/cluster-image.ts';
import { openSinkPlace, outlastSink } from '../fixtures/outlasted-sink.ts';
import { makePlace, squall } from '../fixtures/squall.ts';
import { startRun } from '../fixtures/started-run.ts';
import { strike as kill } from '../fixtures/stroke.ts';

/** Half an hour, so apart from the other suites: see test/README.md. */
const why =
  process.env.SQUALL_SAFETY === undefined ? 'SQUALL_SAFETY is not set: npm run test:safety' : noImage;
const seed = Number(process.env.SQUALL_TEST_SEED ?? 1);
const budgetMs = Number(process.env.SQUALL_SAFETY_BUDGET_S ?? 2400) * 1000;

if (why === undefined) {
  describe('SIGKILL at 24 instants', strokes);
  describe('a runner that sleeps', sleepers);
  const apiServer = await findApiServer();
  const elsewhere = 'the API server is no process of this machine';
  if (apiServer === undefined) test.skip(`an API server that is away (${elsewhere})`);
  else {
    describe('an API server that is away', () => outages(apiServer));
    test('it hangs while a sink in the cluster fails: that ends by itself, the run goes on and nothing is lost', async () => {
      const place = await openSinkPlace();
      onTestFinished(place.remove);
      console.log(await outlastSink(place, apiServer));
    });
  }
} else test.skip(`safety of runs on a cluster (${why})`);

function strokes(): void {
  let place: AgentPlace;
  const startMs = Date.now();
  const met = new Set<string>();

  beforeAll(async () => {
    place = await openAgentPlace('squall-safety');
  });
  afterAll(() => place.close());

  test.for(planStrokes(seed))('SIGKILL $number: $victim, $since + $atMs ms', async (stroke, context) => {
    if (Date.now() - startMs > budgetMs) context.skip(`the time box of ${budgetMs / 1000} s is used up`);
    const { inPlace, line } = await strike(stroke, place);
    for (const fault of inPlace) met.add(fault);
    console.log(line);
  });

  test('the strokes met every fault', () => {
    expect([...met].sort()).toEqual(['cut', 'more', 'pause', 'slow']);
  });
}

function sleepers(): void {
  let place: AgentPlace;
  const on = (member: string) => ({ selector: { member } });
  const cut = { name: 'cut', kind: 'network-partition', at: '1s', peer: 'sink', ...on('gateway') };
  const more = { name: 'more', kind: 'scale', at: '1s', replicas: 2, ...on('spare') };
  const brief = { duration: '8s' };

  beforeAll(async () => {
    place = await openAgentPlace('squall-sleeper');
  });
  afterAll(() => place.close());

  /** A run whose faults `wanted` are in place, and what was there before it. */
  const struck = async (faults: { name: string }[], wanted: { name: string }[] = faults) => {
    const runId = uniqueName('sleeps');
    const before = await place.state(runId);
    const { dir } = makePlace();
    const scenario = textOf(place.scenario({ faults, seconds: 25, load: { rate: 200 } }));
    const run = startRun({ dir: join(dir, 'run'), runId, scenario });
    for (const { name } of wanted) await run.applied(name);
    return { run, before, state: () => place.state(runId) };
  };

  test('one that sleeps past its deadlines is undone and ended by its guard: it never wakes', async () => {
    const { run, before, state } = await struck([
      { ...cut, ...brief },
      { ...more, ...brief },
    ]);
    process.kill(run.pid, 'SIGSTOP');
    expect(await run.exited).toBeNull();
    expect(() => process.kill(run.pid, 'SIGCONT')).toThrow('ESRCH');
    await reaches(state, before, 60_000);
    await expect.poll(run.listed, { timeout: 30_000, interval: 200 }).toEqual([]);
  });

  test('one that slept without guards, and was given up from elsewhere, applies nothing when it wakes', async () => {
    const first = [
      { ...cut, ...brief },
      { ...more, ...brief },
    ];
    const later = [
      { ...cut, name: 'cut-again', at: '15s', duration: '5s' },
      { ...more, name: 'more-again', at: '15s', duration: '5s' },
    ];
    const { run, before, state } = await struck([...first, ...later], first);
    process.kill(run.pid, 'SIGSTOP');
    kill('all guards', run);
    const { env } = makePlace();
    const { code, stderr } = await squall(['recover', '--run', run.runId, ...place.named], { env });
    expect(code, stderr).toBe(0);
    await reaches(state, before, 60_000);
    process.kill(run.pid, 'SIGCONT');
    const over = run.exited.then(() => true);
    const seen: unknown[] = [];
    while (!(await Promise.race([over, clock.sleep(300).then(() => false)]))) {
      const now = await state().catch(() => before); // a busy node gives no look now and then
      if (JSON.stringify(now) !== JSON.stringify(before)) seen.push(now);
    }
    expect(seen, run.stderr()).toEqual([]);
    expect(await state()).toEqual(before);
  });
}

function outages(apiServer: NonNullable<Awaited<ReturnType<typeof findApiServer>>>): void {
  const places: AgentPlace[] = [];

  beforeAll(async () => {
    for (const _ of fates) places.push(await openAgentPlace('squall-away'));
  });
  afterAll(() => Promise.all(places.map((place) => place.close())));

  const noFile = 'SQUALL_API_SERVER_PID_FILE is not set';
  for (const how of ['hangs', 'dies'] as const) {
    const left = how === 'dies' && apiServerPidFile === undefined ? ` (${noFile})` : '';
    test.skipIf(left !== '')(
      `it ${how} while faults are to end: all is as before within 45 s of its return${left}`,
      async () => {
        for (const line of await outlast(how, { apiServer, places })) console.log(line);
      },
    );
  }
}
