import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { OtherWorkSample } from '../../../src/observe/evidence.ts';
import { difference, parseStat, watchOtherWork } from '../../../src/observe/other-work.ts';

const stat =
  'cpu  100 10 50 800 40 7 9 30 5 0\ncpu0 50 5 25 400 20 3 4 15 2 0\ncpu1 50 5 25 400 20 4 5 15 3 0\nintr 1\n';

test('busy is user, nice and system; interrupts and guests, who are in user already, are left out', () => {
  expect(parseStat(stat)).toEqual({ cores: 2, busyTicks: 160, idleTicks: 840, stolenTicks: 30 });
  expect(parseStat('garbage')).toEqual({ cores: 0, busyTicks: 0, idleTicks: 0, stolenTicks: 0 });
});

test('what is neither idle, ours nor stolen is other work', () => {
  const before = { cores: 2, busyTicks: 0, idleTicks: 0, stolenTicks: 0, ownTicks: 0 };
  const now = { cores: 2, busyTicks: 130, idleTicks: 60, stolenTicks: 10, ownTicks: 70 };
  expect(difference(before, now)).toEqual({ cores: 2, otherCores: 0.6, stolenCores: 0.1 });
  expect(difference(before, before)).toBeUndefined();
  // Two files are not read at one instant: ours may be ahead by a tick.
  expect(difference(before, { ...now, busyTicks: 69 })?.otherCores).toBe(0);
});

const spin = ['-e', 'for (;;);'];

test.skipIf(!existsSync('/proc/stat'))(
  'work of a child of ours is ours, also behind a shell; the same work is other to who did not start it',
  async () => {
    const child = spawn('sh', ['-c', `'${process.execPath}' ${spin[0]} '${spin[1]}' & wait`], {
      detached: true,
      stdio: 'ignore',
    });
    await once(child, 'spawn');
    const into: { ours: OtherWorkSample[]; theirs: OtherWorkSample[] } = { ours: [], theirs: [] };
    const watch = (roots: () => number[], samples: OtherWorkSample[]) =>
      watchOtherWork({ roots, clock: systemClock, t0Ns: systemClock.nowNs(), into: samples });
    const watches = [watch(() => [process.pid], into.ours), watch(() => [], into.theirs)];
    try {
      const sum = (samples: OtherWorkSample[]) =>
        samples.reduce((all, { otherCores }) => all + otherCores, 0);
      // Others on this machine are in both; the child gets a part of a core on the busiest one, too.
      await vi.waitFor(() => expect(sum(into.theirs) - sum(into.ours)).toBeGreaterThan(0.3), {
        timeout: 20_000,
      });
    } finally {
      for (const one of watches) one.stop();
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }
  },
  30_000,
);
