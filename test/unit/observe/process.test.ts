import { expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { cpuTicks, residentBytes, sampleProcesses, type Usage } from '../../../src/observe/process.ts';
import type { Member } from '../../../src/target/target.ts';

function memberOf(pid: () => number | undefined): Member {
  return {
    name: 'collector-0',
    group: 'collector',
    otlp: { headers: {} },
    version: 'x',
    process: {
      current: () => {
        const now = pid();
        return now === undefined ? undefined : { id: `process ${now}`, host: { pid: now, startTicks: 1 } };
      },
      signal: async () => undefined,
      ready: async () => undefined,
      starts: () => [],
      setRestart: () => undefined,
    },
  };
}

test('CPU of a busy process is about one core, and memory is there', async () => {
  const before = new Map<string, Usage>();
  const member = memberOf(() => process.pid);
  expect(sampleProcesses([member], before, systemClock.nowNs())).toEqual([]);
  const cpuBefore = process.cpuUsage();
  const fromNs = systemClock.nowNs();
  while (systemClock.nowNs() < fromNs + 300e6) Math.sqrt(2);
  const toNs = systemClock.nowNs();
  const [sample] = sampleProcesses([member], before, toNs);
  const used = process.cpuUsage(cpuBefore);
  // A busy machine makes the loop longer and gives less than a core: what counts is the time it took.
  const cores = (used.user + used.system) / ((toNs - fromNs) / 1e3);
  expect(Math.abs((sample?.cpuCores ?? 0) - cores)).toBeLessThan(0.15);
  expect(sample?.rssBytes).toBeGreaterThan(10e6);
});

test('a member that is down gives no sample, and a restarted one no difference to the dead', () => {
  const before = new Map<string, Usage>();
  let pid: number | undefined = process.pid;
  const member = memberOf(() => pid);
  sampleProcesses([member], before, 0);
  pid = undefined;
  expect(sampleProcesses([member], before, 1e9)).toEqual([]);
  pid = process.pid;
  expect(sampleProcesses([member], before, 2e9)).toEqual([]);
  pid = process.ppid;
  expect(sampleProcesses([member], before, 3e9)).toEqual([]);
});

test('fields of /proc, whatever the process is called', () => {
  expect(cpuTicks('7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 120 34 0 0 20 0 1 0 99 1 1')).toBe(154);
  expect(residentBytes('VmPeak:\t  10 kB\nVmRSS:\t    2048 kB\n')).toBe(2_097_152);
  expect(residentBytes('Name:\tkthread\n')).toBe(0);
});
