import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { SquallError } from '../../../src/base/errors.ts';
import { createPrometheus, readNumber } from '../../../src/observe/prometheus.ts';
import type { PrometheusSpec } from '../../../src/scenario/types.ts';
import { type FakePrometheus, fakePrometheus, matrix, vector } from '../../fixtures/fake-prometheus.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function clientOf(
  answer: Parameters<typeof fakePrometheus>[0],
  spec: Partial<PrometheusSpec> = {},
  options: { skewMs?: number } = {},
): Promise<{ fake: FakePrometheus; client: ReturnType<typeof createPrometheus> }> {
  const fake = await fakePrometheus(answer, options);
  open.push(fake);
  return { fake, client: createPrometheus({ url: fake.url, headers: {}, match: {}, ...spec }, systemClock) };
}

test('2, 7: an instant query pins its time and its lookback', async () => {
  const { fake, client } = await clientOf(() => vector([{}, '1.5']));
  const answer = await client.instant('max(x)', { timeS: 1_700_000_000.25, lookbackDeltaS: 2 });
  expect(answer.series).toEqual([{ labels: {}, points: [[0, 1.5]] }]);
  expect(fake.asked[0]).toMatchObject({
    path: '/api/v1/query',
    form: { query: 'max(x)', time: '1700000000.250', lookback_delta: '2.000' },
  });
});

test('1: raw samples are asked for by a range selector at one instant', async () => {
  const { fake, client } = await clientOf(() =>
    matrix([
      { a: 'b' },
      [
        [1, '10'],
        [2, '12'],
      ],
    ]),
  );
  const answer = await client.rawSamples('x', { timeS: 100, rangeS: 61.5 });
  expect(answer.series).toEqual([
    {
      labels: { a: 'b' },
      points: [
        [1, 10],
        [2, 12],
      ],
    },
  ]);
  expect(fake.asked[0]?.form).toMatchObject({ query: 'x[61500ms]', time: '100.000' });
});

test('labels of match are in every selector of every kind of request', async () => {
  const { fake, client } = await clientOf(() => undefined, { match: { cluster: 'eu' } });
  await client.instant('max(x) / max(y)', { timeS: 1, lookbackDeltaS: 1 });
  await client.range('max(x)', { startS: 1, endS: 2, stepS: 1, lookbackDeltaS: 1 });
  await client.rawSamples('x{a="b"}', { timeS: 1, rangeS: 1 });
  await client.metricNames('otelcol_.*', { startS: 0, endS: 1 });
  expect(fake.asked.map(({ form }) => form.query ?? form['match[]'])).toEqual([
    'max(x{cluster="eu"}) / max(y{cluster="eu"})',
    'max(x{cluster="eu"})',
    'x{cluster="eu",a="b"}[1000ms]',
    '{cluster="eu",__name__=~"otelcol_.*"}',
  ]);
});

test('a long range is asked in parts that the server allows, and joined', async () => {
  const { fake, client } = await clientOf(({ form }) => matrix([{}, [[Number(form.start), '1']]]));
  const span = { startS: 0, endS: 25_000, stepS: 1, lookbackDeltaS: 2 };
  const answer = await client.range('max(x)', span);
  expect(fake.asked.map(({ form }) => [form.start, form.end])).toEqual([
    ['0.000', '9999.000'],
    ['10000.000', '19999.000'],
    ['20000.000', '25000.000'],
  ]);
  expect(answer.series).toEqual([
    {
      labels: {},
      points: [
        [0, 1],
        [10_000, 1],
        [20_000, 1],
      ],
    },
  ]);
});

test('headers, bearer token (read again each time) and user info go along; the shown URL has none of it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'squall-prom-'));
  const bearerTokenFile = join(dir, 'token');
  writeFileSync(bearerTokenFile, 'first\n');
  const { fake, client } = await clientOf(() => undefined, {
    headers: { 'x-scope-orgid': 't1' },
    bearerTokenFile,
  });
  await client.serverTimeMs();
  writeFileSync(bearerTokenFile, 'second\n');
  await client.serverTimeMs();
  expect(fake.asked.map(({ headers }) => [headers.authorization, headers['x-scope-orgid']])).toEqual([
    ['Bearer first', 't1'],
    ['Bearer second', 't1'],
  ]);
  await rm(dir, { recursive: true });

  const url = fake.url.replace('http://', 'http://user:secret@');
  const login = createPrometheus({ url: `${url}/prefix/`, headers: {}, match: {} }, systemClock);
  await login.serverTimeMs();
  expect(fake.asked.at(-1)).toMatchObject({ path: '/prefix/api/v1/query' });
  expect(fake.asked.at(-1)?.headers.authorization).toBe(`Basic ${btoa('user:secret')}`);
  expect(login.url).not.toContain('secret');
});

describe('what is no answer', () => {
  test.each<[string, Parameters<typeof fakePrometheus>[0], RegExp]>([
    ['a page of a proxy', () => ({ text: '<html>502</html>', status: 502 }), /status 502/],
    ['no JSON', () => ({ text: 'nothing here', status: 200 }), /nothing here/],
    ['JSON of another form', () => ({ text: '{"a": 1}', status: 200 }), /status 200/],
  ])('%s is unreachable, with what was found', async (_, answer, found) => {
    const { client } = await clientOf(answer);
    const error = await client.serverTimeMs().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SquallError);
    expect((error as SquallError).parts).toMatchObject({
      code: 'SQ-PROMETHEUS-UNREACHABLE',
      found: expect.stringMatching(found),
    });
  });

  test('nothing listening is not ready, in the time given', async () => {
    const { fake, client } = await clientOf(() => undefined);
    expect(await client.ready(20_000)).toBe(true);
    await fake.close();
    open.splice(0);
    expect(await client.ready(50)).toBe(false);
  });

  test('a server that answers 503 while it starts is not ready', async () => {
    const { client } = await clientOf(() => ({ text: 'Service Unavailable', status: 503 }));
    expect(await client.ready(50)).toBe(false);
  });

  test('a query that Prometheus refuses is an answer with its reason', async () => {
    const { client } = await clientOf(() => ({ error: 'parse error: bad' }));
    const answer = await client.instant('x', { timeS: 1, lookbackDeltaS: 1 });
    expect(answer).toMatchObject({ error: 'parse error: bad', series: [] });
  });

  test('warnings and infos are kept', async () => {
    const { client } = await clientOf(() => ({
      data: { resultType: 'vector', result: [] },
      warnings: ['w'],
      infos: ['i'],
    }));
    expect((await client.instant('x', { timeS: 1, lookbackDeltaS: 1 })).annotations).toEqual(['w', 'i']);
  });
});

test('20: skew is the distance of the clocks', async () => {
  const { client } = await clientOf(() => undefined, {}, { skewMs: 5000 });
  expect(Math.abs((await client.skewMs()) - 5000)).toBeLessThan(1000);
});

test.each([
  // Of calls of 400, 600 and 900 ms the first says most: 500 is 300 off its middle, more than half of what it took.
  [[500, 1150, 2400], 300],
  // 350 is within the first call: no difference that was seen.
  [[350, 9000, 9000], 0],
])('20: the quickest call tells the skew, where it can: %j', async (serverMs, skewMs) => {
  const wallMs = [0, 400, 1000, 1600, 2000, 2900];
  const clock = { ...systemClock, wallMs: () => wallMs.shift() ?? Number.NaN };
  const times = [...serverMs];
  const fake = await fakePrometheus(() => {
    const timeS = (times.shift() ?? Number.NaN) / 1000;
    return { data: { resultType: 'scalar', result: [timeS, String(timeS)] } };
  });
  open.push(fake);
  expect(await createPrometheus({ url: fake.url, headers: {}, match: {} }, clock).skewMs()).toBe(skewMs);
});

test.each([
  ['+Inf', Number.POSITIVE_INFINITY],
  ['-Inf', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
  ['1e-3', 0.001],
])('11: %s is read as a number', (text, value) => {
  expect(readNumber(text)).toBe(value);
});
