import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeKernel } from '../../../src/agent/kernel.ts';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import type { Order } from '../../../src/target/node-order.ts';

/**
 * A control group stands for a container: its processes are found by its name. Frozen, they take a stop only once they
 * are let go, as on a node whose cores are taken or whose disk hangs.
 */
const parent = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((dir) => {
  try {
    accessSync(dir, constants.W_OK);
    return existsSync(join(dir, 'cgroup.controllers'));
  } catch {
    return false;
  }
});
const why = parent === undefined ? ' (skipped: no control group can be made here)' : '';

describe.skipIf(parent === undefined)(`a pause by the agent${why}`, () => {
  let folder: string;
  let child: ChildProcess;
  let order: Order;

  beforeEach(async () => {
    const container = randomBytes(32).toString('hex');
    folder = join(parent ?? '', `squall-${container}`);
    mkdirSync(folder);
    child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    await once(child, 'spawn');
    writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
    order = { id: '0123456789ab', node: '', podUid: '', holdMs: 1, act: { kind: 'pause', container } };
  });
  afterEach(async () => {
    freeze(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until(() => !readFileSync(join(folder, 'cgroup.events'), 'utf8').includes('populated 1'));
    rmdirSync(folder);
  });

  const freeze = (on: boolean) => writeFileSync(join(folder, 'cgroup.freeze'), on ? '1' : '0');
  const status = (name: string) =>
    readFileSync(`/proc/${child.pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s*(\\S+)`, 'm'))?.[1] ??
    '';
  /** Bit N - 1 is signal N: SIGSTOP is 19. */
  const stopWaits = () => (BigInt(`0x${status('ShdPnd')}`) & (1n << 18n)) !== 0n;
  const frozen = async () => {
    freeze(true);
    await until(() => readFileSync(join(folder, 'cgroup.events'), 'utf8').includes('frozen 1'));
  };

  test('a process is stopped and let go on', async () => {
    expect((await nodeKernel.begin(order, 0)).detail).toBe('1 processes stopped');
    expect(status('State')).toBe('T');
    expect((await nodeKernel.look(order))?.detail).toBe('1 processes are stopped');
    expect(await nodeKernel.end(order)).toBe('1 processes let go on');
    expect(status('State')).not.toBe('T');
    expect(await nodeKernel.look(order)).toBeUndefined();
  });

  test('one that takes its time to stop is waited for: it is not taken for gone while the stop is on its way', async () => {
    await frozen();
    let begun = false;
    const begin = nodeKernel.begin(order, 0).then(() => {
      begun = true;
    });
    await until(stopWaits);
    expect(begun).toBe(false);
    freeze(false);
    await begin;
    expect((await nodeKernel.look(order))?.detail).toBe('1 processes are stopped');
  });

  test('one that does not stop is told, and its stop is taken back: it never comes after the end', async () => {
    await frozen();
    await expect(nodeKernel.begin(order, 0)).rejects.toThrow(
      `process ${child.pid} did not stop within 5 s (state S)`,
    );
    expect(stopWaits()).toBe(true);
    await nodeKernel.end(order);
    expect(stopWaits()).toBe(false);
    freeze(false);
    await until(() => readFileSync(join(folder, 'cgroup.events'), 'utf8').includes('frozen 0'));
    expect(status('State')).not.toBe('T');
  });
});

async function until(holds: () => boolean): Promise<void> {
  const seen = await waitFor(systemClock, { timeoutMs: 20_000, everyMs: 10 }, () => holds() || undefined);
  if (seen === undefined) throw new Error('it did not come to that');
}
