import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { systemClock as clock, waitFor } from '../../src/base/clock.ts';
import { stillHere, takeCensus } from '../fixtures/census.ts';
import { smallScenario } from '../fixtures/hostile.ts';
import { cli, expectWhole, readReportJson } from '../fixtures/squall.ts';

/**
 * A run whose starter is gone: only the launcher's own end ends it (interrupt.test.ts). Tried by breaking the code:
 * with any parent watched, the first test fails; with errors of stderr not taken, the second does; with the signs of a
 * run left in its folder, both.
 */
const base = mkdtempSync(join(tmpdir(), 'squall-orphan-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Place {
  dir: string;
  out: string;
  runId: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

function makeRunPlace(): Place {
  const dir = mkdtempSync(join(base, 'run-'));
  const out = join(dir, 'run');
  const file = join(dir, 'scenario.yaml');
  writeFileSync(file, stringify(smallScenario()));
  const runId = `orphan-${process.pid}-${dir.slice(-6)}`;
  const env = { ...process.env, XDG_STATE_HOME: join(dir, 'state') };
  return { dir, out, runId, args: [cli, 'run', file, '--out', out, '--run-id', runId], env };
}

/** A run that ended in order: its verdict is there, and nothing else of it. */
async function expectEndedInOrder(place: Place): Promise<void> {
  const { out, runId, dir } = place;
  const ended = await waitFor(clock, { timeoutMs: 120_000, everyMs: 50 }, () =>
    existsSync(join(out, 'junit.xml')) && existsSync(join(dir, 'latest')) ? true : undefined,
  );
  expect(ended).toBe(true);
  const report = readReportJson(out);
  expectWhole(report, 1500);
  expect(report.exitCode).not.toBe(130);
  const nobody = { processes: new Map<number, string>(), listening: new Set<string>() };
  const left = () => stillHere({ census: nobody, runId, out });
  await waitFor(clock, { timeoutMs: 20_000, everyMs: 50 }, () => (left().length === 0 ? true : undefined));
  expect(left()).toEqual([]);
  expect(readdirSync(out).toSorted()).toEqual([
    'evidence',
    'journal.jsonl',
    'junit.xml',
    'report.html',
    'report.json',
    'report.md',
  ]);
  expect(readdirSync(join(dir, 'state', 'squall', 'runs'))).toEqual([]);
}

test('a shell that exits: the run in its background goes on to its verdict and leaves nothing', async () => {
  const place = makeRunPlace();
  // It exits only when the run is under way, so that the run has seen it as its parent.
  const script =
    '"$0" "$@" </dev/null >/dev/null 2>"$LOG" & echo $!; until grep -sq ^load "$LOG"; do sleep 0.02; done';
  const shell = spawn('/bin/sh', ['-c', script, process.execPath, ...place.args], {
    env: { ...place.env, LOG: join(place.dir, 'log') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const words: string[] = [];
  shell.stdout.setEncoding('utf8').on('data', (text: string) => words.push(text));
  await new Promise((resolve) => shell.once('close', resolve));
  // Its parent is gone and it is in the middle of its load.
  expect(takeCensus(Number(words.join('')), place.runId).processes.size).toBeGreaterThan(0);
  await expectEndedInOrder(place);
});

test('a reader that goes away: what cannot be printed does not end the run', async () => {
  const place = makeRunPlace();
  const child = spawn(process.execPath, place.args, {
    env: place.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.once('data', () => child.stderr.destroy());
  const code = await new Promise((resolve) => child.once('exit', resolve));
  // On a busy machine its own lateness may make the verdict unknown.
  expect([0, 2]).toContain(code);
  await expectEndedInOrder(place);
});
