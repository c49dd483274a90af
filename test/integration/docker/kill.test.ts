import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock as clock, waitFor } from '../../../src/base/clock.ts';
import { heartbeatFile } from '../../../src/fault/heartbeat.ts';
import { stillHere, takeCensus } from '../../fixtures/census.ts';
import { dockerObjects, noDocker } from '../../fixtures/docker.ts';
import { smallScenario } from '../../fixtures/hostile.ts';
import { squall } from '../../fixtures/squall.ts';
import { type StartedRun, startRun } from '../../fixtures/started-run.ts';
import { strike } from '../../fixtures/stroke.ts';

/** The contract's: 15 s for the guard, and 5 s more until nothing is left. */
const cleanWithinMs = 20_000;
const base = mkdtempSync(join(tmpdir(), 'squall-docker-kill-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A container that is paused and another one off its network and short of CPU, for as long as it takes. */
function heldFaults(): string {
  const on = (member: string) => ({ selector: { member, mode: 'one' }, duration: '60s' });
  return stringify({
    apiVersion: 'squall/v1',
    name: 'docker-held',
    target: { docker: { members: { agent: { sendsTo: 'gateway' }, gateway: {} } } },
    load: {
      spans: { signal: 'traces', executor: 'constant-arrival-rate', rate: 50, duration: '61s', batch: 10 },
    },
    faults: [
      { name: 'cut', kind: 'network-partition', at: '100ms', peer: 'sink', ...on('gateway') },
      { name: 'less', kind: 'resource-limit', at: '200ms', cpu: '200m', ...on('gateway') },
      { name: 'pause', kind: 'container-pause', at: '300ms', ...on('agent') },
    ],
  });
}

/** Who brings the run to nothing: its guard; else recover, where its list of runs is lost; else the next run. */
type Heir = 'guard' | 'recover' | 'next run';

async function stroke(heir: Heir, begun: (run: StartedRun) => Promise<void>): Promise<void> {
  const runId = `docker-kill-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const run = startRun({ dir: join(base, runId), runId, scenario: heldFaults() });
  await begun(run);
  const census = takeCensus(run.pid, runId);
  strike(heir === 'guard' ? 'the runner' : 'the runner and all guards', run);
  const left = async () => [...stillHere({ census, runId, out: run.out }), ...(await dockerObjects(runId))];
  if (heir === 'guard') {
    await waitFor(clock, { timeoutMs: cleanWithinMs, everyMs: 200 }, async () =>
      (await left()).length === 0 ? true : undefined,
    );
    expect(await left()).toEqual([]);
  } else {
    expect(await dockerObjects(runId)).not.toEqual([]);
    await (heir === 'recover' ? recoverElsewhere(run) : runAgain(run));
    expect(await dockerObjects(runId)).toEqual([]);
  }
  for (const time of ['first', 'second']) {
    const recovered = await squall(['recover', '--all'], { env: run.env });
    expect([time, recovered.stderr, recovered.code]).toEqual([time, expect.stringContaining('clean'), 0]);
  }
  expect([...(await left()), ...run.listed()]).toEqual([]);
}

/** What is left is found by its label. */
async function recoverElsewhere({ env, runId }: StartedRun): Promise<void> {
  const elsewhere = { ...env, XDG_STATE_HOME: join(base, `${runId}-other`) };
  expect((await squall(['recover', '--all'], { env: elsewhere })).code).toBe(0);
}

/** A daemon keeps a container paused for ever: the next run of whatever kind ends it. */
async function runAgain({ env, runId, out }: StartedRun): Promise<void> {
  utimesSync(join(out, heartbeatFile), 0, 0); // by now it could not live where its processes are not seen
  const file = join(base, `${runId}-next.yaml`);
  writeFileSync(file, stringify(smallScenario()));
  const { stderr } = await squall(['run', file, '--out', join(base, `${runId}-next`)], { env });
  expect(stderr).toContain(`run ${runId} was killed with its guards: `);
  expect(stderr).toContain('undoing pause on agent-0');
}

const paused = (run: StartedRun) => run.applied('pause');
const starting = async (run: StartedRun) => {
  await waitFor(clock, { timeoutMs: 60_000, everyMs: 20 }, async () =>
    (await dockerObjects(run.runId)).some((line) => line.startsWith('container')) ? true : undefined,
  );
};

/** Tried by breaking the code: without the undo of docker-objects in the journal every stroke leaves containers. */
describe.skipIf(noDocker !== '').concurrent(`SIGKILL of a run on containers${noDocker}`, () => {
  test('of the runner with faults in place: its guard leaves nothing', () => stroke('guard', paused));
  test('of the runner while it starts containers: nothing stays', () => stroke('guard', starting));
  test('of runner and guards with faults in place: the next run leaves nothing', () =>
    stroke('next run', paused));
  test('of runner and guards while it starts containers: recover leaves nothing', () =>
    stroke('recover', starting));
});
