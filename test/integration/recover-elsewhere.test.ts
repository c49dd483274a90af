import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { findTagged } from '../../src/fault/process-table.ts';
import { runTag } from '../../src/target/held-process.ts';
import { isHolder } from '../../src/target/holder-script.ts';
import { stillHere, takeCensus } from '../fixtures/census.ts';
import { manyFaults } from '../fixtures/many-faults.ts';
import { noParts, squall } from '../fixtures/squall.ts';
import { startRun } from '../fixtures/started-run.ts';
import { strike } from '../fixtures/stroke.ts';

const base = mkdtempSync(join(tmpdir(), 'squall-elsewhere-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Past the look of a recover that starts now; one that is slower makes the test weaker, never wrong. */
const heldUpMs = 3_000;

/** Tried by breaking the code: where recover ends the holders at once, mounts and control groups stay. */
describe.skipIf(noParts !== '')(`recover under another home${noParts}`, () => {
  test('leaves it to the holders of a run that was just killed to remove their folders and volumes', async () => {
    const runId = `elsewhere-${process.pid}`;
    const run = startRun({ dir: join(base, 'its'), runId, scenario: manyFaults() });
    await run.applied('pause');
    const census = takeCensus(run.pid, runId);
    const holders = findTagged(runTag, runId).filter(({ command }) => isHolder(command));
    expect(holders.length).toBeGreaterThan(0);
    const tell = (signal: NodeJS.Signals) => {
      for (const { pid } of holders) process.kill(pid, signal);
    };
    // As slow as on a busy machine: they have not yet done anything when recover looks.
    tell('SIGSTOP');
    strike('the runner and all guards', run);
    await run.exited;
    const recovered = squall(['recover', '--all'], {
      env: { ...process.env, XDG_STATE_HOME: join(base, 'other') },
    });
    await Promise.race([recovered, clock.sleep(heldUpMs)]);
    try {
      tell('SIGCONT');
    } catch {
      // Ended already: what is left shows below.
    }
    expect((await recovered).code).toBe(0);
    const left = () => stillHere({ census, runId, out: run.out });
    await waitFor(clock, { timeoutMs: 20_000, everyMs: 50 }, () => (left().length === 0 ? true : undefined));
    expect(left()).toEqual([]);
  });
});
