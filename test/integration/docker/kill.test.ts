import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock as clock, waitFor } from '../../../src/base/clock.ts';
import { stillHere, takeCensus } from '../../fixtures/census.ts';
import { dockerObjects, noDocker } from '../../fixtures/docker.ts';
import { squall } from '../../fixtures/squall.ts';
import { type StartedRun, startRun } from '../../fixtures/started-run.ts';
import { strike, type Victim } from '../../fixtures/stroke.ts';

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

async function stroke(victim: Victim, begun: (run: StartedRun) => Promise<void>): Promise<void> {
  const runId = `docker-kill-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const run = startRun({ dir: join(base, runId), runId, scenario: heldFaults() });
  await begun(run);
  const census = takeCensus(run.pid, runId);
  strike(victim, run);
  const left = async () => [...stillHere({ census, runId, out: run.out }), ...(await dockerObjects(runId))];
  const guarded = victim !== 'the runner and all guards';
  if (guarded) {
    await waitFor(clock, { timeoutMs: cleanWithinMs, everyMs: 200 }, async () =>
      (await left()).length === 0 ? true : undefined,
    );
    expect(await left()).toEqual([]);
  }
  if (!guarded) {
    // Its list of runs is lost as well: what is left is found by its label.
    const elsewhere = { ...run.env, XDG_STATE_HOME: join(base, `${runId}-other`) };
    expect(await dockerObjects(runId)).not.toEqual([]);
    expect((await squall(['recover', '--all'], { env: elsewhere })).code).toBe(0);
    expect(await dockerObjects(runId)).toEqual([]);
  }
  for (const time of ['first', 'second']) {
    const recovered = await squall(['recover', '--all'], { env: run.env });
    expect([time, recovered.stderr, recovered.code]).toEqual([time, expect.stringContaining('clean'), 0]);
  }
  expect([...(await left()), ...run.listed()]).toEqual([]);
}

/** Tried by breaking the code: without the undo of docker-objects in the journal every stroke leaves containers. */
describe.skipIf(noDocker !== '').concurrent(`SIGKILL of a run on containers${noDocker}`, () => {
  test('of the runner with faults in place: its guard leaves nothing', () =>
    stroke('the runner', (run) => run.applied('pause')));

  test('of the runner while it starts containers: nothing stays', () =>
    stroke('the runner', async (run) => {
      await waitFor(clock, { timeoutMs: 60_000, everyMs: 20 }, async () =>
        (await dockerObjects(run.runId)).some((line) => line.startsWith('container')) ? true : undefined,
      );
    }));

  test('of runner and guards with faults in place: recover leaves nothing', () =>
    stroke('the runner and all guards', (run) => run.applied('pause')));
});
