import { describe, expect, test } from 'vitest';
import { compilePlan } from '../../../src/plan/compile.ts';
import { mistakesOf, parseText, scenarioText } from '../../fixtures/scenario-text.ts';

const options = { runId: 'r1', seed: 1, epochNs: '1800000000000000000', workers: 3 };
const compile = (blocks: Record<string, string>, more: Partial<typeof options> = {}) =>
  compilePlan(parseText(scenarioText(blocks)).scenario, { ...options, ...more });

const load = `
  spans: {signal: traces, executor: constant-arrival-rate, rate: 10007, duration: 61s, batch: 100}
  points: {signal: metrics, executor: ramping-arrival-rate, startTime: 5s, startRate: 0, batch: 200, arrivals: poisson, stages: [{duration: 10s, target: 100, name: rise}, {duration: 0s, target: 50}, {duration: 10s, target: 50}]}
  some: {signal: logs, executor: shared-iterations, iterations: 1001, maxDuration: 2m, batch: 1000}`;

test('the timeline of three executors', () => {
  const plan = compile({ load, warmup: '2s' });
  expect(plan).toMatchObject({ runId: 'r1', seed: 1, epochNs: options.epochNs, warmupNs: 2e9, endNs: 120e9 });
  const [spans, points, some] = plan.entries;
  expect(spans).toMatchObject({
    items: 610_427,
    requests: 6105,
    startNs: 0,
    endNs: 61e9,
    streams: [1],
    workers: 3,
    stages: [],
  });
  expect(points).toMatchObject({ items: 1000, requests: 5, startNs: 5e9, endNs: 25e9, streams: [2] });
  expect(points?.stages).toEqual([
    { name: 'rise', fromNs: 0, toNs: 10e9 },
    { name: '2', fromNs: 10e9, toNs: 10e9 },
    { name: '3', fromNs: 10e9, toNs: 20e9 },
  ]);
  expect(points?.pace).toEqual({
    kind: 'open',
    items: 1000,
    batch: 200,
    poissonSeed: '1/points',
    segments: [
      {
        fromNs: 0,
        toNs: 10e9,
        startRate: { items: 0, perNs: 1e6 },
        endRate: { items: 1, perNs: 1e7 },
        itemsBefore: 0,
      },
      {
        fromNs: 10e9,
        toNs: 20e9,
        startRate: { items: 1, perNs: 2e7 },
        endRate: { items: 1, perNs: 2e7 },
        itemsBefore: 500,
      },
    ],
  });
  // 1000 series, each with a point once in 1000 / (50/s mean rate) = 20 s
  expect(points?.roundNs).toBe(20e9);
  expect(some).toMatchObject({ items: 1001, requests: 2, endNs: 120e9, streams: [3], workers: 2 });
  expect(some?.pace).toEqual({ kind: 'closed', items: 1001, batch: 1000, maxDurationNs: 120e9 });
});

test('the same arguments give the same plan; plain data that a worker thread can be given', () => {
  expect(compile({ load })).toEqual(compile({ load }));
  expect(structuredClone(compile({ load }))).toEqual(compile({ load }));
  expect(compile({ load }, { seed: 2 })).not.toEqual(compile({ load }));
});

test('faults are planned in the order of time', () => {
  const faults = `
  - {name: late, kind: container-kill, at: 20s}
  - {name: early, kind: backend-outage, at: 1s, duration: 2s, action: refuse}`;
  const { faults: planned } = compile({ load, faults });
  expect(planned.map(({ spec, startNs, endNs }) => [spec.name, startNs, endNs])).toEqual([
    ['early', 1e9, 3e9],
    ['late', 20e9, undefined],
  ]);
});

describe('clashes', () => {
  const target = '{local: {members: {agent: {sendsTo: gateway}, gateway: {}}}}';
  const on = (member: string) => `selector: {member: ${member}}`;
  const clash = (first: string, second: string) => () =>
    compile({ target, load, faults: `[{name: a, ${first}}, {name: b, ${second}}]` });

  test.each([
    [
      'a kill in a pause',
      `kind: container-pause, at: 1s, duration: 4s, ${on('agent')}`,
      `kind: container-kill, at: 4999ms, ${on('agent')}`,
    ],
    [
      'two kills at one instant',
      `kind: container-kill, at: 1s, ${on('agent')}`,
      `kind: container-kill, at: 1s, ${on('agent')}`,
    ],
    [
      'two outages of the sink',
      'kind: backend-outage, at: 1s, duration: 4s, action: refuse',
      'kind: backend-outage, at: 4s, duration: 4s, action: reset',
    ],
    [
      'the later one first in the file',
      `kind: container-kill, at: 4s, ${on('agent')}`,
      `kind: container-pause, at: 1s, duration: 4s, ${on('agent')}`,
    ],
    [
      'two of one link',
      `kind: network-partition, at: 1s, duration: 4s, peer: sink, ${on('gateway')}`,
      `kind: network-delay, at: 2s, duration: 4s, latency: 1s, peer: sink, ${on('gateway')}`,
    ],
  ])('%s is refused', (_, first, second) => {
    const [mistake, ...others] = mistakesOf(clash(first, second));
    expect(mistake?.code).toBe('SQ-FAULT-CLASH');
    expect(others).toEqual([]);
  });

  test.each([
    [
      'faults that touch',
      `kind: container-pause, at: 1s, duration: 4s, ${on('agent')}`,
      `kind: container-kill, at: 5s, ${on('agent')}`,
    ],
    [
      'other members',
      `kind: container-pause, at: 1s, duration: 4s, ${on('agent')}`,
      `kind: container-kill, at: 2s, ${on('gateway')}`,
    ],
    [
      'a kill while the sink is away',
      'kind: backend-outage, at: 1s, duration: 4s, action: refuse',
      `kind: container-kill, at: 2s, ${on('gateway')}`,
    ],
    [
      'two links of one member',
      `kind: network-partition, at: 1s, duration: 4s, peer: sink, ${on('gateway')}`,
      `kind: network-delay, at: 2s, duration: 4s, latency: 1s, peer: agent, ${on('gateway')}`,
    ],
  ])('%s are allowed', (_, first, second) => {
    expect(clash(first, second)).not.toThrow();
  });
});

test('more streams than 16 bits can name are refused', () => {
  const { scenario } = parseText(scenarioText({}));
  const [spec] = Object.values(scenario.load);
  if (spec === undefined) throw new Error('no entry');
  const many = (entries: number) => ({
    ...scenario,
    load: Object.fromEntries(Array(entries).fill(spec).entries()),
  });
  expect(compilePlan(many(65_534), options).entries.at(-1)?.streams).toEqual([65_534]);
  expect(mistakesOf(() => compilePlan(many(65_535), options))[0]?.found).toBe('65535');
});
