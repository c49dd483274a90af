import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { type Census, changedFiles, stillHere, takeCensus } from '../fixtures/census.ts';
import { collectorConfig, manyFaults } from '../fixtures/many-faults.ts';
import { findOldNode } from '../fixtures/old-node.ts';
import { noParts, readReportJson, squall } from '../fixtures/squall.ts';
import { type StartedRun, startRun } from '../fixtures/started-run.ts';

const base = mkdtempSync(join(tmpdir(), 'squall-interrupt-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let number = 0;

/** Unless it is to settle soon, a run lasts longer than any other command may take to reach it. */
function start(options: { node?: string; short?: boolean } = {}): StartedRun {
  number += 1;
  const runId = `interrupt-${process.pid}-${number}`;
  return startRun({
    dir: join(base, runId),
    runId,
    scenario: options.short === true ? manyFaults() : manyFaults({ load: '40s', hold: '30s' }),
    ...(options.node === undefined ? {} : { node: options.node }),
  });
}

/** After its end a run has taken everything with it: processes, ports, control groups, mounts and its own signs. */
async function expectNothingLeft(run: StartedRun, census: Census, withinMs = 20_000): Promise<void> {
  const config = readFileSync(collectorConfig, 'utf8');
  const left = () => [
    ...stillHere({ census, runId: run.runId, out: run.out }),
    ...changedFiles(run.out, config),
    ...['work', 'heartbeat', 'halt'].filter((name) => existsSync(join(run.out, name))),
    ...run.listed().map((name) => `listed ${name}`),
  ];
  await waitFor(clock, { timeoutMs: withinMs, everyMs: 50 }, () => (left().length === 0 ? true : undefined));
  expect(left(), run.stderr()).toEqual([]);
}

/** The closing lines: from the sentence of the verdict on; at most 15. */
function expectClosing(run: StartedRun): string {
  const lines = run.stderr().trimEnd().split('\n');
  const from = lines.findLastIndex((line) => /^(\?|✓|✗|PASS|FAIL|UNKNOWN)/.test(line));
  expect(from, run.stderr()).toBeGreaterThanOrEqual(0);
  const closing = lines.slice(from);
  expect(closing.length, run.stderr()).toBeLessThanOrEqual(15);
  expect(closing.join('\n')).toContain('in place none');
  expect(closing.join('\n')).toContain('again    squall run');
  return closing.join('\n');
}

function expectReport(run: StartedRun): void {
  const report = readReportJson(run.out);
  expect([report.exitCode, report.run.id]).toEqual([130, run.runId]);
  for (const name of ['report.html', 'report.md', 'junit.xml'])
    expect(existsSync(join(run.out, name))).toBe(true);
}

const instants = {
  'during the start': { reach: (run: StartedRun) => run.begun(), load: false },
  'while a member is stopped': { reach: (run: StartedRun) => run.applied('pause'), load: true },
  'while all faults are in place': { reach: (run: StartedRun) => run.applied('outage'), load: true },
  'while it settles': { reach: (run: StartedRun) => run.says('settling'), load: true },
};

/**
 * Tried by breaking the code: a stop that only counts while load is sent fails "while it settles"; an ended run that is
 * not remembered, the second halt; a launcher that is not watched, the last test.
 */
describe.skipIf(noParts !== '').concurrent(`interrupted and halted on a real collector${noParts}`, () => {
  const cases = [
    ['SIGINT', 'during the start'],
    ['SIGINT', 'while a member is stopped'],
    ['SIGINT', 'while it settles'],
    ['SIGTERM', 'while all faults are in place'],
  ] as const;
  test.each(cases)(
    '%s %s: 130, rolled back, closing lines, report if there was load',
    async (signal, when) => {
      const run = start({ short: when === 'while it settles' });
      await instants[when].reach(run);
      const census = takeCensus(run.pid, run.runId);
      run.child.kill(signal);
      expect(await run.exited, run.stderr()).toBe(130);
      await expectNothingLeft(run, census);
      const closing = expectClosing(run);
      expect(existsSync(join(run.out, 'report.json')), run.stderr()).toBe(instants[when].load);
      if (instants[when].load) {
        expectReport(run);
        expect(closing).toContain('report.html');
      } else expect(run.stderr()).toContain('SQ-INTERRUPTED');
    },
  );

  test('a second and a third Ctrl-C are answered and do no harm', async () => {
    const run = start();
    await run.applied('outage');
    const census = takeCensus(run.pid, run.runId);
    run.child.kill('SIGINT');
    await run.says('stopping (SIGINT)');
    run.child.kill('SIGINT');
    await run.says('already rolling back');
    run.child.kill('SIGINT');
    expect(await run.exited, run.stderr()).toBe(130);
    await expectNothingLeft(run, census);
    expectReport(run);
    expectClosing(run);
  });

  test('halt --run from another process, twice; an unknown run is exit 3', async () => {
    const run = start();
    await run.applied('outage');
    const census = takeCensus(run.pid, run.runId);
    const halted = await squall(['halt', '--run', run.runId], { env: run.env });
    expect([halted.code, halted.stderr]).toEqual([0, expect.stringContaining('halted')]);
    expect(await run.exited, run.stderr()).toBe(130);
    await expectNothingLeft(run, census);
    expectReport(run);
    const again = await squall(['halt', '--run', run.runId], { env: run.env });
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('ended already')]);
    const unknown = await squall(['halt', '--run', 'nobody'], { env: run.env });
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('SQ-RUN-NOT-FOUND')]);
  });

  test('halt of all, by two at once; then there is nothing to halt', async () => {
    const run = start();
    await run.applied('outage');
    const census = takeCensus(run.pid, run.runId);
    const halts = await Promise.all([squall(['halt'], { env: run.env }), squall(['halt'], { env: run.env })]);
    expect(halts.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, expect.anything()],
      [0, expect.anything()],
    ]);
    expect(await run.exited, run.stderr()).toBe(130);
    await expectNothingLeft(run, census);
    const again = await squall(['halt'], { env: run.env });
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('no run is open')]);
  });

  const oldNode = findOldNode();
  const skipped = oldNode === undefined ? ' (skipped: no Node 20 or 22 on PATH)' : '';
  test.skipIf(oldNode === undefined)(
    `the launcher under an older Node is killed: the run ends too${skipped}`,
    async () => {
      const run = start(oldNode === undefined ? {} : { node: oldNode });
      await run.applied('outage');
      const census = takeCensus(run.pid, run.runId);
      run.child.kill('SIGKILL');
      await expectNothingLeft(run, census, 60_000);
      await waitFor(
        clock,
        { timeoutMs: 20_000, everyMs: 50 },
        () => run.stderr().includes('\nagain ') || undefined,
      );
      expectClosing(run);
      expectReport(run);
    },
  );
});
