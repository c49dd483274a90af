import { expect, test } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { quotaOf, readRows, usageOf } from '../../../src/observe/kubelet-pages.ts';
import { watchKubelets, watchPodMetrics } from '../../../src/observe/pod-usage.ts';
import { podNotes } from '../../../src/run/pod-usage.ts';
import { readQuantity } from '../../../src/target/kubernetes-pod-metrics.ts';
import type { Member, PodPower } from '../../../src/target/target.ts';
import { processSeries } from '../../../src/verdict/process-series.ts';

const place = { namespace: 'n', pod: 'p', container: 'c', node: 'node-1' };
const of = { pods: new Set(['n/p']), lookedMs: 5000 };

function row(name: string, labels: Record<string, string>, rest: string): string {
  const text = Object.entries({ namespace: 'n', pod: 'p', ...labels }).map(
    ([key, value]) => `${key}="${value}"`,
  );
  return `${name}{${text.join(',')}} ${rest}`;
}

test('of a pod with several containers the one that serves is read; of one told as a whole, the whole', () => {
  const [cpu, memory] = ['container_cpu_usage_seconds_total', 'container_memory_working_set_bytes'];
  const page = [
    '# TYPE container_cpu_usage_seconds_total counter',
    row(cpu, { container: 'sidecar' }, '99 4000'),
    row(cpu, { container: 'c' }, '2.5 4000'),
    row(memory, { container: 'c' }, '1e+08 4000'),
    row(cpu, { container: 'c', pod: 'other' }, '7 4000'),
    row('container_start_time_seconds', { container: 'c' }, '1 4000'),
    row('pod_cpu_usage_seconds_total', {}, '101.5 4000'),
    row('pod_memory_working_set_bytes', {}, '2e+08'),
  ].join('\n');
  const rows = readRows(page, of);
  expect(rows).toHaveLength(5);
  expect(usageOf(rows, place)).toEqual({ wallMs: 4000, cpuS: 2.5, memoryBytes: 1e8 });
  expect(usageOf(rows, { ...place, container: 'unknown' })).toEqual({
    wallMs: 4000,
    cpuS: 101.5,
    memoryBytes: 2e8,
  });
  expect(usageOf(rows, { ...place, pod: 'other' })).toBeUndefined();
});

test('quotas nest: one level is read, the newest of it; a container without a limit has none', () => {
  const [periods, throttled] = [
    'container_cpu_cfs_periods_total',
    'container_cpu_cfs_throttled_periods_total',
  ];
  const whole = [row(periods, { container: '', id: '/a"\\"}{' }, '300 1000'), row(throttled, {}, '10 1000')];
  expect(quotaOf(readRows(whole.join('\n'), of), place)).toEqual({
    wallMs: 1000,
    periods: 300,
    throttledPeriods: 10,
  });
  const again = [
    row(periods, { container: 'c', id: '/dead' }, '900 900'),
    row(periods, { container: 'c', id: '/alive' }, '5 2000'),
    row(throttled, { container: 'c', id: '/dead' }, '80 900'),
    row(throttled, { container: 'c', id: '/alive' }, '1 2000'),
  ];
  const page = [...whole, ...again].join('\n');
  expect(quotaOf(readRows(page, of), place)).toEqual({ wallMs: 2000, periods: 5, throttledPeriods: 1 });
  expect(quotaOf(readRows('', of), place)).toBeUndefined();
});

const member = {
  name: 'p',
  group: 'g',
  otlp: { headers: {} },
  version: 'x',
  resources: { cpuMillis: 500 },
  pod: { id: 'n/p', place } as PodPower,
} satisfies Member;

/** Ends the watch when it has looked so often. */
function looksOf(times: number): { clock: Clock; over: Promise<void> } {
  let left = times;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const sleep = () => {
    left -= 1;
    if (left > 0) return Promise.resolve();
    end();
    return new Promise<void>(() => undefined);
  };
  return { clock: { nowNs: () => 0, wallMs: () => 0, sleep }, over };
}

test('a sample is over the time between two looks of the kubelet; an old look is none, a container begun anew is no difference', async () => {
  const cpu = [
    [10, 1000],
    [10, 1000],
    [15, 11_000],
    [1, 21_000],
    [2, 31_000],
  ] as const;
  const looks = { usage: 0, quota: 0 };
  const read = async (_: string, page: string) => {
    if (page === 'metrics/cadvisor') {
      const n = ++looks.quota;
      return [
        row('container_cpu_cfs_periods_total', { container: 'c' }, `${n * 100} ${n * 10_000}`),
        row('container_cpu_cfs_throttled_periods_total', { container: 'c' }, `${n * 25} ${n * 10_000}`),
      ].join('\n');
    }
    const [cpuS, wallMs] = cpu[looks.usage++] ?? [0, 0];
    if (looks.usage === 2) throw new Error('the node is away');
    return [
      row('container_cpu_usage_seconds_total', { container: 'c' }, `${cpuS} ${wallMs}`),
      row('container_memory_working_set_bytes', { container: 'c' }, `${cpuS}000 ${wallMs}`),
    ].join('\n');
  };
  const { clock, over } = looksOf(5);
  const watch = watchKubelets({ members: [member], clock, read });
  await over;
  const samples = watch.samples(1000);
  watch.stop();
  expect(samples).toEqual([
    { member: 'p', fromS: 0, atS: 10, cpuCores: 0.5, memoryBytes: 15_000 },
    { member: 'p', fromS: 9, atS: 19, periods: 100, throttledPeriods: 25 },
    { member: 'p', fromS: 20, atS: 30, cpuCores: 0.1, memoryBytes: 2000 },
  ]);
  const told = [{ member: 'p', atS: 1, cpuCores: 1, rssBytes: 1 }];
  const names = (processes: typeof told) => processSeries(processes, samples).map(({ name }) => name);
  expect(names([])).toEqual(['CPU p', 'working set p', 'throttled p']);
  expect(names(told)).toEqual(['CPU p', 'RSS p', 'working set p', 'throttled p']);
  expect(processSeries([], samples).at(-1)?.points).toEqual([[19, 25]]);
});

test('without the kubelets CPU and memory come from metrics.k8s.io, each window once, and throttling is said to be unknown', async () => {
  const windows = [20_000, 20_000, 35_000];
  const read = async () => {
    const own = {
      container: 'c',
      wallMs: windows.shift() ?? 0,
      windowMs: 15_000,
      cpuCores: 0.25,
      memoryBytes: 7,
    };
    return [
      { pod: 'q', ...own, container: 'd' },
      { pod: 'p', ...own },
    ];
  };
  const { clock, over } = looksOf(3);
  const watch = watchPodMetrics({ members: [member], clock, read });
  await over;
  const samples = watch.samples(0);
  watch.stop();
  expect(samples).toEqual([
    { member: 'p', fromS: 5, atS: 20, cpuCores: 0.25, memoryBytes: 7 },
    { member: 'p', fromS: 20, atS: 35, cpuCores: 0.25, memoryBytes: 7 },
  ]);
  const [note] = podNotes(
    { from: 'metrics.k8s.io', lacks: ['get nodes/proxy in the whole cluster'] },
    samples,
  );
  expect(note?.code).toBe('THROTTLING-UNKNOWN');
  expect(note?.sentence).toContain('the account may not get nodes/proxy in the whole cluster');
  expect(note?.sentence).toContain('as told by metrics.k8s.io');
});

test('quantities as the API writes them', () => {
  expect(['500000000n', '250m', '2', '20480Ki', '1.5Gi', 'x'].map(readQuantity)).toEqual([
    0.5,
    0.25,
    2,
    20_971_520,
    1_610_612_736,
    Number.NaN,
  ]);
});
