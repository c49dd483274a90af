import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { MemberRecord, PrometheusRecord } from '../../../src/observe/evidence.ts';
import { observePrometheus } from '../../../src/observe/observe-prometheus.ts';
import { createPrometheus } from '../../../src/observe/prometheus.ts';
import type { SloSpec } from '../../../src/scenario/types.ts';
import { judgeRun } from '../../../src/verdict/judge.ts';
import { type Asked, type Canned, fakePrometheus, matrix, vector } from '../../fixtures/fake-prometheus.ts';
import { entryPlan, judgeInput, promqlSlo, runRecord, threshold } from '../../fixtures/run-evidence.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** The run is over: t = 0 was 20 s ago and its ten seconds ended ten seconds ago. */
const t0WallMs = Date.now() - 20_000;
const t0S = t0WallMs / 1000;

/** One sample a second from t = 0 on, after the words of promtool: `_` is a missing scrape. */
function points(text: string, firstS = 0): [number, string][] {
  return text
    .split(' ')
    .flatMap((word, i): [number, string][] => (word === '_' ? [] : [[t0S + firstS + i, word]]));
}

const upAlways = matrix([{ job: 'collector', member: 'c-0' }, points('1 '.repeat(80).trim(), -2)]);

type Answer = (asked: Asked) => Canned | undefined;

interface Situation {
  members?: MemberRecord[];
  slos?: SloSpec[];
  answer?: Answer;
  up?: Canned;
  skewMs?: number;
  windowS?: [number, number];
}

/** Observes a canned server and judges an otherwise perfect run by it. */
async function observeAndJudge(situation: Situation) {
  const { slos = [promqlSlo('max(q)', 'value<1000')], windowS = [0, 10] } = situation;
  const answer = (asked: Asked) =>
    /^up\{/.test(asked.form.query ?? '') ? (situation.up ?? upAlways) : situation.answer?.(asked);
  const fake = await fakePrometheus(answer, { skewMs: situation.skewMs ?? 0 });
  open.push(fake);
  const plan = runRecord({ entries: [entryPlan('spans')] }).plan;
  const record = await observePrometheus({
    client: createPrometheus({ url: fake.url, headers: {}, match: {} }, systemClock),
    plan,
    members: situation.members ?? [],
    slos,
    t0WallMs,
    windows: [{ name: 'run', fromNs: windowS[0] * 1e9, toNs: windowS[1] * 1e9 }],
    scrapeIntervalMs: 1000,
    ownJob: 'squall',
  });
  const report = judgeRun(judgeInput({ slos, record: runRecord({ prometheus: record }) }));
  return { record, report, fake, result: report.slos[0] };
}

function gauge(text: string): Answer {
  return ({ form }) => (form.query === 'max(q)' ? matrix([{}, points(text, 1)]) : undefined);
}

function windowed(answer: Canned): Situation {
  const slos = [promqlSlo('sum(rate(x[$window]))', 'value<1000')];
  return { slos, answer: ({ form }) => (form.query?.includes('rate') ? answer : undefined) };
}

describe('a promql SLO asked at every scrape', () => {
  test('is judged by its worst value, with the second at which it was', async () => {
    const { result, record } = await observeAndJudge({ answer: gauge('1 2 3 999 5 6 7 8 9 10') });
    expect(result).toMatchObject({ verdict: 'pass', actual: 999 });
    expect(record.answers.find((one) => one.for === 'queue')?.atS).toBeCloseTo(4, 1);
  });

  test('each threshold has its own worst value', async () => {
    const slos = [
      promqlSlo('max(q)', 'value<9', { thresholds: [threshold('value<9'), threshold('value>=2')] }),
    ];
    const { report } = await observeAndJudge({ slos, answer: gauge('3 4 5 6 7 8 7 6 5 1') });
    expect(report.slos.map(({ actual, verdict }) => [actual, verdict])).toEqual([
      [8, 'pass'],
      [1, 'fail'],
    ]);
  });

  test('2: never before one scrape, or the range of the query, is inside the window', async () => {
    const slos = [promqlSlo('max(rate(x[3s]))', 'value<1000')];
    const { fake } = await observeAndJudge({ slos });
    const asked = fake.asked.find(({ form }) => form.query === 'max(rate(x[3s]))');
    expect(Number(asked?.form.start) - t0S).toBeCloseTo(3, 1);
    expect(Number(asked?.form.end) - t0S).toBeCloseTo(10, 1);
    expect(asked?.form).toMatchObject({ step: '1.000', lookback_delta: '2.000' });
  });
});

describe('a promql SLO with $window', () => {
  test('2: is asked once, at the window’s end, over exactly the window', async () => {
    const { fake, result } = await observeAndJudge(windowed(vector([{}, '7'])));
    const asked = fake.asked.filter(({ form }) => form.query?.includes('rate'));
    expect(asked.map(({ form }) => form.query)).toEqual(['sum(rate(x[10000ms]))']);
    expect(Number(asked[0]?.form.time) - t0S).toBeCloseTo(10, 1);
    expect(result).toMatchObject({ verdict: 'pass', actual: 7, query: 'sum(rate(x[10000ms]))' });
  });
});

/** Each of these, taken at its word by a naive checker, passes. */
const misleading: [string, Situation, RegExp][] = [
  [
    '2: fewer than four scrapes in the window',
    { ...windowed(vector([{}, '1'])), windowS: [0, 3] },
    /fewer than 4/,
  ],
  [
    '2: a window shorter than the range',
    { slos: [promqlSlo('max(rate(x[1m]))', 'value<1')] },
    /shorter than/,
  ],
  ['8: no series', windowed(vector()), /no series/],
  ['8: NaN', windowed(vector([{}, 'NaN'])), /NaN/],
  ['8: +Inf', windowed(vector([{}, '+Inf'])), /Infinity/],
  ['8: a gauge that is there half the time', { answer: gauge('1 2 _ _ _ _ 7 8 _ _') }, /only 4 of 10/],
  ['9: two series', windowed(vector([{ a: '1' }, '1'], [{ a: '2' }, '2'])), /2 series/],
  [
    '12: a native histogram',
    windowed({ data: { resultType: 'vector', result: [{ metric: {}, histogram: [0, {}] }] } }),
    /histogram/,
  ],
  [
    '18: mixed histograms',
    windowed({
      data: { resultType: 'vector', result: [{ metric: {}, value: [0, '1'] }] },
      warnings: ['PromQL warning: encountered a mix of histograms and floats'],
    }),
    /mix of histograms/,
  ],
  [
    '18: fixed for monotonicity',
    windowed({
      data: { resultType: 'vector', result: [{ metric: {}, value: [0, '1'] }] },
      infos: ['PromQL info: input to histogram_quantile needed to be fixed for monotonicity'],
    }),
    /monotonicity/,
  ],
  [
    '6: a query that hides resets is not asked',
    { slos: [promqlSlo('max(rate(sum(x)[$window:1s]))', 'value<1')] },
    /hides the resets/,
  ],
  [
    '8: a query that fills in what is missing is not asked',
    { slos: [promqlSlo('max(x) or vector(0)', 'value<1')] },
    /missing data/,
  ],
  [
    '13: an average of quantiles is not asked',
    { slos: [promqlSlo('avg(histogram_quantile(0.9, rate(x_bucket[$window])))', 'value<1')] },
    /no quantile/,
  ],
  ['14: irate is not asked', { slos: [promqlSlo('max(irate(x[$window]))', 'value<1')] }, /last two samples/],
  ['a refused query', windowed({ error: 'unknown function "raet"' }), /raet/],
  [
    '17: scrapes that failed while the pod starved',
    {
      ...windowed(vector([{}, '1'])),
      up: matrix([{ member: 'c' }, points('1 1 1 0 0 0 0 0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1')]),
    },
    /% of the scrapes/,
  ],
  ['17: no scrape at all', { ...windowed(vector([{}, '1'])), up: matrix() }, /no scrape/],
  [
    '20: clocks apart',
    {
      ...windowed(vector([{}, '1'])),
      skewMs: 3000,
      up: matrix([{ member: 'c' }, points('1 '.repeat(80).trim(), -2)]),
    },
    /clock/,
  ],
];

describe('can never pass', () => {
  test.each(misleading)('%s', async (_, situation, reason) => {
    const { result, report } = await observeAndJudge(situation);
    expect(result).toMatchObject({ verdict: 'unknown', reason: expect.stringMatching(reason) });
    expect([report.verdict, report.exitCode]).toEqual(['unknown', 2]);
  });

  test('a server that dies while it is asked', async () => {
    const { record, result } = await observeAndJudge({
      answer: ({ form }) => (form.query === 'max(q)' ? { text: 'gone', status: 500 } : undefined),
    });
    expect(record.available).toBe(false);
    expect(result).toMatchObject({ verdict: 'unknown', reason: expect.stringMatching(/no Prometheus/) });
  });
});

test('18: an annotation that spoils nothing is shown beside the value and as a finding', async () => {
  const answer = {
    data: { resultType: 'vector', result: [{ metric: {}, value: [0, '1'] }] },
    infos: ['metric might not be a counter'],
  };
  const { result, report } = await observeAndJudge(windowed(answer));
  expect(result).toMatchObject({
    verdict: 'pass',
    reason: expect.stringContaining('might not be a counter'),
  });
  expect(report.findings.map(({ code }) => code)).toContain('QUERY-ANNOTATION');
});

test('21: a metric that was renamed is answered with what the server has', async () => {
  const query = 'max(otelcol_exporter_queue_size_batches)';
  const { result } = await observeAndJudge({
    slos: [promqlSlo(query, 'value<1000')],
    answer: ({ path }) =>
      path.endsWith('/series') ? { data: [{ __name__: 'otelcol_exporter_queue_size' }] } : undefined,
  });
  expect(result).toMatchObject({
    verdict: 'unknown',
    reason:
      'the query gave no series; there is otelcol_exporter_queue_size, not otelcol_exporter_queue_size_batches',
  });
});

describe('counters', () => {
  const names = (list: string[]) => (asked: Asked) =>
    asked.path.endsWith('/series') ? { data: list.map((__name__) => ({ __name__ })) } : undefined;
  const counters = (given: Record<string, [Record<string, string>, string][]>): Answer => {
    return (asked) => {
      const known = names(Object.keys(given))(asked);
      if (known !== undefined) return known;
      const hit = Object.entries(given).find(([name]) =>
        asked.form.query?.startsWith(`{__name__="${name}"}[`),
      );
      return hit === undefined
        ? undefined
        : matrix(
            ...hit[1].map(([labels, text]): [Record<string, string>, [number, string][]] => [
              labels,
              points(text, -1),
            ]),
          );
    };
  };
  const countersOf = async (given: Parameters<typeof counters>[0]): Promise<PrometheusRecord> =>
    (await observeAndJudge({ slos: [], answer: counters(given) })).record;
  const otlp = { receiver: 'otlp', exporter: 'otlp_grpc' };

  test('are raw deltas from t = 0 on; absent failures are 0 where sent is there', async () => {
    const record = await countersOf({
      otelcol_receiver_accepted_spans: [[otlp, '3 3 50 103 103 103']],
      otelcol_exporter_sent_spans: [[otlp, '3 3 20 93 93 93']],
    });
    expect(record.counters).toEqual({ accepted: 100, sent: 90, sendFailed: 0, enqueueFailed: 0, refused: 0 });
    expect(record.names).toMatchObject({ 'accepted traces': 'otelcol_receiver_accepted_spans' });
    expect(record.moving).toBe(undefined);
  });

  test('21: no series of that name is null, not 0', async () => {
    const record = await countersOf({ otelcol_exporter_queue_size: [[otlp, '1 2 3']] });
    expect(record.counters).toEqual({
      accepted: null,
      sent: null,
      sendFailed: null,
      enqueueFailed: null,
      refused: null,
    });
  });

  test('of a chain, what its first members accepted and its last ones sent', async () => {
    const member = (name: string, ends: { entry: boolean; exit: boolean }) => ({
      ...{ name, group: name, version: '', lossyComponents: [], starts: [] },
      ...ends,
    });
    const members = [
      member('a-0', { entry: true, exit: false }),
      member('g-0', { entry: false, exit: true }),
    ];
    const given = {
      otelcol_receiver_accepted_spans: [
        [{ ...otlp, member: 'a-0' }, '0 0 100 100'],
        [{ ...otlp, member: 'g-0' }, '0 0 90 90'],
      ] satisfies [Record<string, string>, string][],
      otelcol_exporter_sent_spans: [
        [{ ...otlp, member: 'a-0' }, '0 0 95 95'],
        [{ ...otlp, member: 'g-0' }, '0 0 80 80'],
      ] satisfies [Record<string, string>, string][],
    };
    const { record } = await observeAndJudge({ slos: [], answer: counters(given), members });
    expect(record.counters).toMatchObject({ accepted: 100, sent: 80 });
  });

  test('a debug exporter beside the real one is not counted', async () => {
    const record = await countersOf({
      otelcol_exporter_sent_spans: [
        [{ exporter: 'otlp_grpc' }, '0 0 90 90'],
        [{ exporter: 'debug' }, '0 0 100 100'],
      ],
    });
    expect(record.counters.sent).toBe(90);
  });

  test('16: counters that still move are not set against each other', async () => {
    const slos: SloSpec[] = [];
    const answer = counters({
      otelcol_receiver_accepted_spans: [[otlp, '0 0 50 100 101']],
      otelcol_exporter_sent_spans: [[otlp, '0 0 20 40 60']],
    });
    const { record, report } = await observeAndJudge({ slos, answer });
    expect(record.moving).toBe(true);
    expect(report.counters).toMatchObject({ accepted: 101, sent: 60, unexplained: null });
  });
});
