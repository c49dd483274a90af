import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SquallError } from '../../../src/base/errors.ts';
import { faults } from '../../../src/registry.ts';
import type { LoadInput } from '../../../src/scenario/define.ts';
import { loadScenario } from '../../../src/scenario/load.ts';

const folder = join(import.meta.dirname, '../../fixtures/scenarios');
const options = { env: {}, sets: [], faults };
const read = (name: string, more: Partial<Parameters<typeof loadScenario>[1]> = {}) =>
  loadScenario(join(folder, name), { ...options, ...more });

test('a TypeScript module is read as its YAML would be, with --set', async () => {
  const { scenario } = await read('module.ts', { sets: ['load.spans.batch=7'] });
  expect(scenario).toMatchObject({
    name: 'module',
    baseDir: folder,
    target: {
      members: { collector: { config: join(folder, 'collector.yaml'), resources: { cpuMillis: 500 } } },
    },
    load: {
      spans: {
        executor: { rate: { items: 1, perMs: 1 } },
        retry: 'none',
        batch: 7,
        shape: { itemBytes: 1024 },
      },
    },
    faults: [{ params: { killSignal: 'SIGTERM' } }],
  });
});

test('mistakes of a module are named by their path', async () => {
  const error: unknown = await read('module-with-mistakes.mjs').catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(SquallError);
  const { parts, others } = error as SquallError;
  expect([parts, ...others].map(({ where, found }) => [where, found])).toEqual([
    [`${join(folder, 'module-with-mistakes.mjs')} (load.a.rate)`, '.inf'],
    [`${join(folder, 'module-with-mistakes.mjs')} (load.b.maxVUs)`, 'maxVUs'],
  ]);
});

test.each([
  ['nowhere.yaml', 'the file cannot be read'],
  ['nowhere.ts', 'the file cannot be read'],
  ['../squall.ts', 'the module exports no scenario'],
])('%s: %s', async (name, what) => {
  await expect(read(name)).rejects.toMatchObject({ parts: { code: 'SQ-SCENARIO-UNREADABLE', what } });
});

test('--target FILE replaces the target block', async () => {
  const { scenario } = await read('module.ts', { targetFile: join(folder, 'target.yaml') });
  expect(scenario.target).toMatchObject({ kind: 'local', members: { other: { replicas: 2 } } });
});

test('a load entry has the fields of a k6 executor, without those of virtual users', () => {
  const base = { signal: 'traces', executor: 'constant-arrival-rate', rate: 1, duration: '1s' } as const;
  const right: LoadInput[] = [
    { ...base, timeUnit: '1m', startTime: '5s', tags: { a: 'b' } },
    { signal: 'logs', executor: 'shared-iterations', iterations: 5, maxDuration: '1m' },
  ];
  // @ts-expect-error there are no virtual users: maxInFlight bounds the requests under way
  const users: LoadInput = { ...base, maxVUs: 5, preAllocatedVUs: 1 };
  // @ts-expect-error an executor of virtual users
  const closed: LoadInput = { signal: 'logs', executor: 'constant-vus', duration: '1s' };
  // @ts-expect-error a rate needs a duration
  const endless: LoadInput = { signal: 'logs', executor: 'constant-arrival-rate', rate: 5 };
  expect([...right, users, closed, endless]).toHaveLength(5);
});
