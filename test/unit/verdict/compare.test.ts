import { expect, test } from 'vitest';
import { random } from '../../../src/base/random.ts';
import type { RunRecord } from '../../../src/observe/evidence.ts';
import { compareSides } from '../../../src/verdict/compare.ts';
import type { RunEvidence } from '../../../src/verdict/compared-measures.ts';
import { joinDeliveries } from '../../../src/verdict/deliveries.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import { requestTable } from '../../../src/verdict/request-table.ts';
import {
  entryPlan,
  judgeInput,
  type RequestRow,
  runRecord,
  steadyRows,
} from '../../fixtures/run-evidence.ts';

/** Tried by breaking the code: runs that differ compared all the same, doubts left out, counts needing statistics. */
interface Drawn {
  /** Times every latency. */
  slower?: number;
  record?: Partial<RunRecord>;
  /** Requests of which nothing arrives. */
  lost?: number;
  change?(row: RequestRow): Partial<RequestRow>;
  cpuCores?: number;
}

/** Ten steady seconds whose latencies vary by a fifth. */
function run(seed: number, of: Drawn = {}): RunEvidence {
  const dice = random(seed, 'run');
  const { requests, arrivals } = steadyRows(10);
  const rows = requests.map((row) => ({
    ...row,
    ackMs: (of.slower ?? 1) * (4 + dice.next()),
    ...of.change?.(row),
  }));
  const processes = Array.from({ length: 40 }, (_, i) => ({
    member: 'collector-0',
    atS: (i + 1) / 4,
    cpuCores: (of.cpuCores ?? 0.5) * (1 + 0.02 * dice.next()),
    rssBytes: 1e8 * (1 + 0.02 * dice.next()),
  }));
  const record = runRecord({ processes, ...of.record });
  const input = judgeInput({ record, requests: rows, arrivals: arrivals.slice(of.lost ?? 0) });
  const table = requestTable(record.plan, input.requests);
  return { record, report: judgeRun(input), table, deliveries: joinDeliveries(table, input.arrivals) };
}

function compare(baseline: RunEvidence[], candidate: RunEvidence[]) {
  const { comparison, verdict } = compareSides({ baseline, candidate });
  const words = Object.fromEntries(comparison.measures.map((one) => [one.name, one]));
  return { comparison, verdict, words };
}

const p95 = 'ack_duration{signal:traces} P95';
const cpu = 'CPU of the members per million items';

test('two like runs: no worse, by stretches of both, with the margins of one run each', () => {
  const { comparison, verdict, words } = compare([run(1)], [run(2)]);
  expect([verdict, comparison.design, comparison.reasons]).toEqual(['pass', 'stretches', []]);
  expect(words[p95]).toMatchObject({ verdict: 'same', margin: 0.25, observations: 24 });
  expect(words['items lost']).toMatchObject({ verdict: 'same', baseline: 0, candidate: 0 });
});

test('one and a half times the latency is worse, with its size and interval', () => {
  const { comparison, verdict, words } = compare([run(1)], [run(2, { slower: 1.5 })]);
  expect(verdict).toBe('fail');
  expect(words[p95]?.verdict).toBe('worse');
  expect(words[p95]?.change).toBeCloseTo(0.5, 1);
  const [low, high] = words[p95]?.interval ?? [];
  expect(low).toBeLessThan(0.5);
  expect(high).toBeGreaterThan(0.45);
  expect(comparison.sentence).toMatch(/^The candidate is worse in .*P95 \(\+\d+.* %, 95 % interval \+/);
  expect(words[cpu]?.verdict).toBe('same');
});

test('several runs: a tenth more CPU is beyond 5 %, and the runs are the observations', () => {
  const side = (seed: number, cpuCores: number) => [1, 2, 3, 4].map((i) => run(seed + i, { cpuCores }));
  const { comparison, verdict, words } = compare(side(10, 0.5), side(20, 0.55));
  expect([verdict, comparison.design]).toEqual(['fail', 'runs']);
  expect(words[cpu]).toMatchObject({ verdict: 'worse', margin: 0.05, observations: 8 });
  expect(words[cpu]?.change).toBeCloseTo(0.1, 2);
  expect(compare(side(20, 0.55), side(10, 0.5)).words[cpu]).toMatchObject({ verdict: 'better' });
});

test('a loss where there was none needs no statistics; one on both sides is open with one run each', () => {
  const { verdict, words } = compare([run(1)], [run(2, { lost: 1 })]);
  expect([verdict, words['items lost']?.verdict]).toEqual(['fail', 'worse']);
  expect(words['items lost']).toMatchObject({ baseline: 0, candidate: 10, p: null });
  const both = compare([run(1, { lost: 2 })], [run(2, { lost: 1 })]);
  expect([both.verdict, both.words['items lost']?.verdict]).toEqual(['unknown', 'unknown']);
});

test('runs of another load, machine or target are not compared', () => {
  const other = entryPlan('spans');
  const batch = { ...other, spec: { ...other.spec, batch: 20 } };
  const rows: [Partial<RunRecord>, string][] = [
    [{ plan: { ...runRecord().plan, entries: [batch] } }, 'another load'],
    [{ machine: { cpu: 'other', cores: 2 } }, 'another machine'],
    [{ targetKind: 'docker' }, 'another kind of target'],
  ];
  for (const [record, what] of rows) {
    const { comparison, verdict } = compare([run(1)], [run(2, { record, slower: 9 })]);
    expect([verdict, comparison.measures]).toEqual(['unknown', []]);
    expect(comparison.sentence).toContain(what);
  }
});

test('a run that does not count has no figures, but a loss found in it is a loss', () => {
  const record = { generator: { lateTicks: 900, ticks: 1000, cpuRatioMax: 0.2 } };
  const late = compare([run(1)], [run(2, { record, slower: 9 })]);
  expect([late.verdict, late.comparison.measures.map(({ name }) => name)]).toEqual([
    'unknown',
    ['items lost'],
  ]);
  expect(compare([run(1)], [run(2, { record, lost: 3 })]).verdict).toBe('fail');
});

test('requests that were never answered leave the latency open, and are counted', () => {
  const dead = { change: ({ from }: RequestRow) => (from < 2000 ? { kind: 'unknown' as const } : {}) };
  const { verdict, words } = compare([run(1)], [run(2, dead)]);
  expect(words[p95]?.verdict).toBe('unknown');
  expect(words['items not acknowledged']).toMatchObject({ verdict: 'worse', candidate: 2000 });
  expect(verdict).toBe('fail');
});
