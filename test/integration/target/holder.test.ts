import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { type HeldProcess, spawnHeld } from '../../../src/target/held-process.ts';
import { holderName, holderScript } from '../../../src/target/holder-script.ts';

let dir = '';
let log = '';
const started: HeldProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-holder-'));
  log = join(dir, 'log');
});
afterEach(async () => {
  for (const process_ of started.splice(0)) await process_.release();
  rmSync(dir, { recursive: true, force: true });
});

async function hold(command: string, ...args: string[]): Promise<HeldProcess> {
  const env = { PATH: process.env.PATH ?? '', TAKEN: 'along' };
  const held = await spawnHeld({ command, args, env, logFile: log, cgroups: [], runId: 'test', name: 'it' });
  started.push(held);
  return held;
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      } catch {
        return ''; // ended between two reads
      }
    });
}

test('exit codes and signals are told, and what is written is kept', async () => {
  const orderly = await hold('sh', '-c', 'echo "$TAKEN $SQUALL_RUN_ID"; exit 3');
  expect(await orderly.exited).toMatchObject({ code: 3, signal: null });
  expect(orderly.signal('SIGTERM')).toBe(false);
  expect(readFileSync(log, 'utf8')).toBe('along test\n');
  const killed = await hold('sleep', '1000');
  expect(killed.startTicks).toBeGreaterThan(0);
  expect(killed.signal('SIGTERM')).toBe(true);
  expect(await killed.exited).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(await (await hold('no-such-program')).exited).toMatchObject({ code: 127 });
});

test('what cannot be put under its limits is not started: it would run without them', async () => {
  const env = { PATH: process.env.PATH ?? '' };
  const cgroups = ['/proc/squall-none'];
  const held = await spawnHeld({
    command: 'echo',
    args: ['ran'],
    env,
    logFile: log,
    cgroups,
    runId: 'test',
    name: 'it',
  });
  started.push(held);
  expect(await held.exited).toMatchObject({ code: 125 });
  expect(readFileSync(log, 'utf8')).toMatch(/^Error: no process may be moved into \/proc\/squall-none/);
});

test('arguments are text and never shell', async () => {
  const file = join(dir, 'made');
  const nasty = [`$(touch ${file})`, `; touch ${file}`, '`id`', '*', "'", 'two\nlines'];
  await (await hold('printf', '%s|', ...nasty)).exited;
  expect(readFileSync(log, 'utf8')).toBe(`${nasty.join('|')}|`);
  expect(existsSync(file)).toBe(false);
});

test('release() ends a stopped process and whatever it started', async () => {
  const held = await hold('sh', '-c', 'sleep 7654321 & exec sleep 7654322');
  await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 5 }, () =>
    commandLines().includes('sleep 7654322') ? true : undefined,
  );
  held.signal('SIGSTOP');
  await held.release();
  expect(await held.exited).toMatchObject({ signal: 'SIGKILL' });
  await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 10 }, () =>
    commandLines().some((line) => line.startsWith('sleep 765432')) ? undefined : true,
  );
  expect(commandLines().filter((line) => line.startsWith('sleep 765432'))).toEqual([]);
});

test('a runner that is gone before the first report leaves nothing', async () => {
  for (let round = 0; round < 10; round++) {
    const args = ['-c', holderScript, holderName, '', '', '', 'sleep', '8765432'];
    const holder = spawn('/bin/sh', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] });
    const exited = new Promise((resolve) => holder.on('exit', resolve));
    holder.stdio[3]?.destroy();
    holder.stdin?.end();
    await exited;
    await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 5 }, () =>
      commandLines().includes('sleep 8765432') ? undefined : true,
    );
    expect(commandLines()).not.toContain('sleep 8765432');
  }
});
