import { expect, test } from 'vitest';
import { candidatesV1, candidatesV2, cgroupVersion, planLimits } from '../../../src/base/cgroup.ts';
import { parseCpuStat } from '../../../src/base/throttling.ts';

const v1Mounts = `30 25 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
33 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
34 30 0:31 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
`;
const v1Own = '9:memory:/docker/abc/job\n4:cpu,cpuacct:/docker/abc\n0::/\n';
const v2Mounts = '30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n';

test('v1: the own folder, as the mount shows it, and then the root of the mount', () => {
  expect(candidatesV1('cpu', v1Own, v1Mounts)).toEqual([
    '/sys/fs/cgroup/cpu,cpuacct/docker/abc',
    '/sys/fs/cgroup/cpu,cpuacct',
  ]);
  expect(candidatesV1('memory', v1Own, v1Mounts)).toEqual([
    '/sys/fs/cgroup/memory/job',
    '/sys/fs/cgroup/memory',
  ]);
  expect(candidatesV1('cpu', v1Own, v2Mounts)).toEqual([]);
});

test('v2: beside the own folder, never below it', () => {
  expect(candidatesV2('0::/user.slice/session-1.scope\n', v2Mounts)).toEqual([
    '/sys/fs/cgroup/user.slice',
    '/sys/fs/cgroup',
  ]);
  expect(candidatesV2('0::/\n', v2Mounts)).toEqual(['/sys/fs/cgroup']);
});

test('the version is read from the mounts', () => {
  expect(cgroupVersion(v1Mounts)).toBe('hybrid');
  expect(cgroupVersion(v2Mounts)).toBe('2');
  expect(cgroupVersion('')).toBe('none');
});

test('limits become values of the kernel, and no name becomes a path', () => {
  const limits = { cpuMillis: 500, memoryBytes: 1024 };
  expect(planLimits({ kind: 'v2', parent: '/c' }, 'run/../x', limits)).toEqual({
    cgroups: ['/c/squall-run_.._x'],
    cgroupWrites: [
      { file: '/c/squall-run_.._x/cpu.max', value: '50000 100000' },
      { file: '/c/squall-run_.._x/memory.max', value: '1024' },
      { file: '/c/squall-run_.._x/memory.swap.max', value: '0' },
    ],
  });
  expect(planLimits({ kind: 'v1', cpu: '/cpu', memory: '/mem' }, 'a', { cpuMillis: 1500 })).toEqual({
    cgroups: ['/cpu/squall-a'],
    cgroupWrites: [
      { file: '/cpu/squall-a/cpu.cfs_period_us', value: '100000' },
      { file: '/cpu/squall-a/cpu.cfs_quota_us', value: '150000' },
    ],
  });
  expect(planLimits({ kind: 'v1', cpu: '/cpu', memory: '/mem' }, 'a', {}).cgroups).toEqual([]);
});

test('throttling is read from cpu.stat of both versions', () => {
  expect(parseCpuStat('nr_periods 301\nnr_throttled 298\nthrottled_time 26490000000\n')).toEqual({
    periods: 301,
    throttledPeriods: 298,
    throttledNs: 26_490_000_000,
  });
  expect(parseCpuStat('usage_usec 1\nnr_periods 3\nnr_throttled 2\nthrottled_usec 7\n')).toEqual({
    periods: 3,
    throttledPeriods: 2,
    throttledNs: 7000,
  });
  expect(parseCpuStat('usage_usec 1\n')).toBeUndefined();
});
