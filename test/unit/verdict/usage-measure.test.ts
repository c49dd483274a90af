import { expect, test } from 'vitest';
import type { MemberRecord, ProcessSample } from '../../../src/observe/evidence.ts';
import { usageValue } from '../../../src/verdict/usage-measure.ts';

const member = (name: string, group: string, resources?: MemberRecord['resources']): MemberRecord => ({
  name,
  group,
  version: 'x',
  lossyComponents: [],
  starts: [],
  ...(resources === undefined ? {} : { resources }),
});
const limits = { cpuMillis: 500, memoryBytes: 1000 };
const at = (name: string, atS: number, cpuCores: number, rssBytes: number): ProcessSample => ({
  member: name,
  atS,
  cpuCores,
  rssBytes,
});
const window = { name: 'run', fromNs: 0, toNs: 10e9, ledgerFromNs: 0 };
const processes = [
  at('a', 0, 9, 9000),
  at('a', 2, 0.1, 200),
  at('a', 4, 0.3, 400),
  at('b', 4, 0.25, 300),
  at('b', 12, 9, 9000),
];
const members = [member('a', 'g', limits), member('b', 'h', limits)];

const value = (
  measure: 'cpu_ratio' | 'memory_ratio' | 'throttled_ratio',
  more: {
    aggregation?: 'avg' | 'max';
    member?: string;
    record?: Partial<Parameters<typeof usageValue>[0]>;
  } = {},
) =>
  usageValue(
    { members, processes, ...more.record },
    { measure, member: more.member, aggregation: more.aggregation ?? 'max', window },
  );

test('the member that used most of its limit is judged, by what was seen in the window', () => {
  expect(value('cpu_ratio')).toEqual({ value: 0.6, reason: 'by a: 2 samples of CPU' });
  expect(value('cpu_ratio', { aggregation: 'avg' }).value).toBeCloseTo(0.5);
  expect(value('cpu_ratio', { aggregation: 'avg' }).reason).toContain('by b');
  expect(value('memory_ratio')).toEqual({ value: 0.4, reason: 'by a: 2 samples of memory' });
  expect(value('memory_ratio', { member: 'h' }).value).toBe(0.3);
});

test('of a pod the working set counts, and the kubelet for CPU only where the collector tells nothing', () => {
  const pods = [
    { member: 'a', fromS: 0, atS: 5, cpuCores: 0.5, memoryBytes: 900 },
    { member: 'a', fromS: 0, atS: 6, periods: 60, throttledPeriods: 15 },
    { member: 'a', fromS: 6, atS: 9, periods: 40, throttledPeriods: 15 },
  ];
  const scope = { member: 'g', record: { pods } };
  expect(value('memory_ratio', scope).value).toBe(0.9);
  expect(value('cpu_ratio', scope).value).toBe(0.6);
  expect(value('cpu_ratio', { member: 'g', record: { pods, processes: [] } }).value).toBe(1);
  expect(value('throttled_ratio', scope)).toEqual({ value: 0.3, reason: 'by a: 30 of 100 CPU periods' });
});

test('without a limit, a sample or a member it is unknown, also if another member is known', () => {
  const reasonOf = (members: MemberRecord[]) => value('memory_ratio', { record: { members } });
  expect(reasonOf([member('a', 'g', limits), member('b', 'h')])).toEqual({
    value: null,
    reason: 'of b: it has no limit of memory',
  });
  expect(reasonOf([member('a', 'g', limits), member('c', 'g', limits)]).reason).toContain('nothing is known');
  expect(reasonOf([]).value).toBeNull();
  expect(value('throttled_ratio').value).toBeNull();
});
