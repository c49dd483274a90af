import { expect, test } from 'vitest';
import { holderTimes } from '../../../src/fault/holder-times.ts';
import type { Tagged } from '../../../src/fault/process-table.ts';
import { holderEndMs, holderName } from '../../../src/target/holder-script.ts';

const process_ = (pid: number, command: string): Tagged => ({
  pid,
  startTicks: 1,
  state: 'S',
  parentPid: 1,
  value: 'run',
  command,
});
const holder = (pid: number) => process_(pid, `/bin/sh -c script ${holderName} folder  otelcol`);
const member = process_(9, 'otelcol --config squall-hold.yaml');

test('each holder has its own time from when it was first seen; other processes have none', () => {
  const clock = { ms: 0, nowNs: () => clock.ms * 1e6 };
  const times = holderTimes(clock);
  expect(times.atWork([member])).toBe(false);
  expect(times.atWork([member, holder(1)])).toBe(true);
  clock.ms = holderEndMs - 1;
  // Its runner was killed between two looks.
  expect(times.atWork([holder(1), holder(2)])).toBe(true);
  clock.ms = holderEndMs;
  expect(times.atWork([holder(1)])).toBe(false);
  expect(times.atWork([member, holder(1), holder(2)])).toBe(true);
  clock.ms = 2 * holderEndMs;
  expect(times.atWork([holder(1), holder(2)])).toBe(false);
});
