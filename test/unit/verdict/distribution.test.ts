import { expect, test } from 'vitest';
import { drainedNs } from '../../../src/verdict/drained.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import { processSeries } from '../../../src/verdict/process-series.ts';
import {
  goodPrometheus,
  judgeInput,
  killRecord,
  runRecord,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

/** 10 s at 100 requests a second of 2 ms; every tenth takes 20 ms, and two were refused. */
function report() {
  const { requests, arrivals } = steadyRows(10);
  const slow = requests.map((row, i) => ({ ...row, ...(i % 10 === 9 ? { ackMs: 20 } : {}) }));
  const rows = slow.map((row, i) => (i < 2 ? { ...row, kind: 'refused' as const } : row));
  const record = runRecord({
    faults: [killRecord(4000, 5000)],
    members: [
      {
        name: 'collector-0',
        group: 'collector',
        version: '0.161.0',
        lossyComponents: [],
        starts: [
          { atNs: -1e9, pid: 1, exit: { atNs: 4e9, code: null, signal: 'SIGKILL' } },
          { atNs: 4.2e9, pid: 2 },
        ],
      },
    ],
  });
  return judgeRun(judgeInput({ record, requests: rows, arrivals }));
}

test('the distribution ends with the greatest observation and never falls', () => {
  const of = report().distribution?.traces;
  expect(of?.ack.at(-1)).toEqual([1, 'Infinity']);
  expect(of?.delivery.at(-1)).toEqual([1, 5]);
  const finite = (of?.ack ?? []).map(([share, ms]) => [share, Number(ms)] as const);
  for (const [i, point] of finite.entries()) {
    const before = finite[i - 1];
    if (before === undefined) continue;
    expect(point[0]).toBeGreaterThan(before[0]);
    expect(point[1]).toBeGreaterThanOrEqual(before[1]);
  }
});

test('every request is in one cell of the heat map or never answered', () => {
  const heat = report().distribution?.traces?.heat.ack;
  const sum = (counts: number[][]) => counts.reduce((total, cell) => total + (cell.at(-1) ?? 0), 0);
  expect(sum(heat?.cells ?? [])).toBe(998);
  expect(heat?.unanswered).toEqual([[0, 2]]);
  expect(heat?.cells.filter(([, row]) => (heat.fromMs[row] ?? 0) > 10).length).toBe(10);
});

test('events are in order and name what happened to load, fault and member', () => {
  const events = report().events ?? [];
  expect(events.map(({ atS }) => atS)).toEqual([...events.map(({ atS }) => atS)].sort((a, b) => a - b));
  const at = (atS: number) => events.filter((event) => event.atS === atS).map(({ what }) => what);
  expect(at(-1)).toEqual(['collector-0 starts (0.161.0)']);
  expect(at(4)).toEqual([
    'kill (container-kill) is to begin on collector-0',
    'kill is injected: pid 42 ended with SIGKILL',
    'collector-0 exits, ended by SIGKILL',
  ]);
  expect(at(5)).toEqual(['kill is seen to have ended']);
});

test('queues are drained when they are all as short again as they ever were before the fault', () => {
  const queue = (name: string, ...values: number[]) => ({
    name: `queue size ${name}`,
    unit: 'batches',
    points: values.map((value, i): [number, number] => [i, value]),
  });
  const bounds = { injectedNs: 2e9, recoveredNs: 4e9 };
  const { series } = goodPrometheus({ series: [queue('a', 1, 2, 9, 9, 9, 2), queue('b', 0, 0, 1, 1, 0, 0)] });
  expect(drainedNs(series, bounds)).toBe(5e9);
  expect(drainedNs([queue('a', 1, 2, 9, 9, 9, 3)], bounds)).toBeUndefined();
  expect(drainedNs([], bounds)).toBeUndefined();
  expect(drainedNs(series, { injectedNs: 2e9 })).toBeUndefined();
});

test('the timeline has P95 and P99 of what was due in each second: of 100 requests the 95th and the 99th', () => {
  const { requests } = steadyRows(10);
  const slower = requests.map((row, i) => ({ ...row, ackMs: 1 + (i % 100) }));
  const { timeline } = judgeRun(judgeInput({ requests: slower }));
  const latencies = timeline.series.filter(({ unit }) => unit === 'ms');
  expect(latencies.map(({ name, points }) => [name, points[0]?.[1], points[9]?.[1]])).toEqual([
    ['P95 ack traces', 95, 95],
    ['P99 ack traces', 99, 99],
  ]);
});

test('a long run keeps the peaks of what a member used', () => {
  const samples = Array.from({ length: 6000 }, (_, i) => ({
    member: 'collector-0',
    atS: i,
    cpuCores: i === 4321 ? 2 : 0.5,
    rssBytes: 1e6,
  }));
  const [cpu, rss, ...more] = processSeries(samples);
  expect([cpu?.name, rss?.unit, more]).toEqual(['CPU collector-0', 'bytes', []]);
  expect(cpu?.points.length).toBeLessThanOrEqual(600);
  expect(cpu?.points).toContainEqual([4321, 2]);
});

test('a busy cluster does not drive the run out of its events, and while nobody watched there is no level', () => {
  const { requests, arrivals } = steadyRows(10);
  const words = Array.from({ length: 2000 }, (_, i) => ({ atNs: i * 1e6, what: `pod p${i}: Pulled` }));
  const points: [number, number][] = [
    [0, 3],
    [2e9, 2],
    [9e9, 3],
  ];
  const record = runRecord({
    cluster: {
      events: words,
      leftOut: 7,
      gaps: [{ what: 'endpoints in n', fromNs: 3e9, toNs: 6e9 }],
      unwatched: [],
      series: [{ name: 'ready endpoints s', unit: 'endpoints', watch: 'endpoints in n', points }],
    },
  });
  const { events = [], timeline } = judgeRun(judgeInput({ record, requests, arrivals }));
  const said = events.map(({ what }) => what);
  expect(events.filter(({ about }) => about === 'cluster')).toHaveLength(503);
  expect(said).toContain('1507 more changes are not shown from here on');
  expect(said).toContain('endpoints in n are watched again; what changed since has this time');
  expect(said.at(-1)).toMatch(/settling ended/);
  expect(timeline.series.find(({ unit }) => unit === 'endpoints')?.points).toEqual([
    [0, 3],
    [2, 2],
    [3, null],
    [6, 2],
    [9, 3],
  ]);
});
