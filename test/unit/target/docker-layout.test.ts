import { expect, test } from 'vitest';
import type { CollectorSpec } from '../../../src/scenario/types.ts';
import { layOut, networksOf } from '../../../src/target/docker-layout.ts';
import { limitsOf, updateOf } from '../../../src/target/docker-limits.ts';

const one: CollectorSpec = { replicas: 1, restart: 'always', env: {} };

test('a gateway alone is on the networks of the load, of the sink, and of those who watch', () => {
  const [gateway, ...others] = layOut({ gateway: one });
  expect(others).toEqual([]);
  expect(gateway).toMatchObject({ name: 'gateway-0', entry: true });
  expect(gateway?.next).toBeUndefined();
  expect(gateway?.berths).toEqual([
    { network: 'nowhere', peers: [] },
    { network: 'watch', peers: [] },
    { network: 'load', peers: ['load'] },
    { network: 'sink', peers: ['sink'] },
  ]);
});

test('each replica that sends to another shares one network with it alone, receivers first', () => {
  const replicas = layOut({
    agent: { ...one, replicas: 3, sendsTo: 'gateway' },
    gateway: { ...one, replicas: 2 },
  });
  expect(replicas.map(({ name, next, entry }) => [name, next, entry])).toEqual([
    ['gateway-0', undefined, false],
    ['gateway-1', undefined, false],
    ['agent-0', 'gateway-0', true],
    ['agent-1', 'gateway-1', true],
    ['agent-2', 'gateway-0', true],
  ]);
  const on = (network: string) =>
    replicas
      .filter(({ berths }) => berths.some((berth) => berth.network === network))
      .map(({ name }) => name);
  expect(networksOf(replicas)).toEqual([
    'nowhere',
    'watch',
    'load',
    'sink',
    'link-agent-0',
    'link-agent-2',
    'link-agent-1',
  ]);
  expect([on('link-agent-2'), on('sink'), on('load')]).toEqual([
    ['gateway-0', 'agent-2'],
    ['gateway-0', 'gateway-1'],
    ['agent-0', 'agent-1', 'agent-2'],
  ]);
  expect(replicas[0]?.berths.flatMap(({ peers }) => peers)).toEqual([
    'sink',
    'agent',
    'agent-0',
    'agent',
    'agent-2',
  ]);
});

test.each([
  [{ cpuMillis: 500, memoryBytes: 2 ** 30 }, [50_000, 2 ** 30, 2 ** 30]],
  [{ cpuMillis: null, memoryBytes: null }, [-1, 2 ** 52, 2 ** 53]],
])('limits %o: 0 takes none away, nor does -1 of memory; read back they are the same', (limits, expected) => {
  const update = updateOf(limits);
  expect([update.CpuQuota, update.Memory, update.MemorySwap]).toEqual(expected);
  expect(limitsOf(update)).toEqual(limits);
});
