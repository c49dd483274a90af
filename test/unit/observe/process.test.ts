import { expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { ProcessSample } from '../../../src/observe/evidence.ts';
import { usageOnPage, watchPages } from '../../../src/observe/member-pages.ts';
import { residentBytes, sampleProcesses, type Usage } from '../../../src/observe/process.ts';
import { memberWith } from '../../fixtures/member.ts';

const memberOf = (pid: () => number | undefined) =>
  memberWith({
    current: () => {
      const now = pid();
      return now === undefined ? undefined : { id: `process ${now}`, host: { pid: now, startTicks: 1 } };
    },
  });

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

test('what a process has in memory', () => {
  expect(residentBytes('VmPeak:\t  10 kB\nVmRSS:\t    2048 kB\n')).toBe(2_097_152);
  expect(residentBytes('Name:\tkthread\n')).toBe(0);
});

test('CPU and memory as a collector writes them, with labels and suffixes of any version', () => {
  const page = [
    '# TYPE otelcol_process_cpu_seconds_total counter',
    'otelcol_process_cpu_seconds_total{otel_scope_name="a b"} 12.5',
    'otelcol_process_memory_rss_bytes{otel_scope_name="a b"} 1.5e+08',
    'otelcol_process_runtime_heap_alloc_bytes 1',
  ].join('\n');
  expect(usageOnPage(page)).toEqual({ cpuNs: 12.5e9, rssBytes: 1.5e8 });
  expect(usageOnPage('process_cpu_seconds 2\nprocess_memory_rss 7\n')).toEqual({ cpuNs: 2e9, rssBytes: 7 });
  expect(usageOnPage('otelcol_exporter_queue_size 0\n')).toBeUndefined();
});

test('a member elsewhere is read by its page; a process that starts anew is told by its CPU time', async () => {
  const pages = ['process_cpu_seconds 10', 'process_cpu_seconds 11', 'process_cpu_seconds 0.5'];
  const end = new AbortController();
  const into: ProcessSample[] = [];
  let nowNs = 0;
  const clock = {
    ...systemClock,
    nowNs: () => nowNs,
    sleep: async () => {
      nowNs += 2e9;
      if (pages.length === 0) end.abort();
    },
  };
  const { process: _, ...elsewhere } = memberOf(() => undefined);
  const member = { ...elsewhere, readMetrics: async () => pages.shift() ?? '' };
  await watchPages({ members: [member], clock, t0Ns: 0, into, end: end.signal });
  expect(into).toEqual([
    { member: 'collector-0', atS: 2, cpuCores: 0.5, rssBytes: 0 },
    { member: 'collector-0', atS: 4, cpuCores: 0.25, rssBytes: 0, restarted: true },
  ]);
});
