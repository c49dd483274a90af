import { expect, test } from 'vitest';
import { parseProcessStat } from '../../../src/base/process-stat.ts';

test('fields of /proc/PID/stat, whatever the process is called', () => {
  const stat = '7 (a ) b) c) S 42 7 7 0 -1 4194560 1 0 0 0 120 34 5 6 20 0 1 0 144665 1 1';
  expect(parseProcessStat(stat)).toEqual({
    state: 'S',
    parentPid: 42,
    cpuTicks: 154,
    endedTicks: 11,
    startTicks: 144665,
  });
});

test('a line that is none has no fields', () => {
  const none = { state: '', parentPid: 0, cpuTicks: 0, endedTicks: 0, startTicks: 0 };
  expect(parseProcessStat('')).toEqual(none);
});
