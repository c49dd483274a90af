import type { Agent } from 'node:http';
import { z } from 'zod';
import { type Clock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { PrometheusSpec } from '../scenario/types.ts';
import { getPath, type HttpAnswer, type PrometheusAccess, postForm } from './prometheus-http.ts';
import { withMatchers } from './promql-text.ts';

/** One series of an answer; times in seconds since the epoch, on Prometheus's clock. */
export interface PrometheusSeries {
  labels: Record<string, string>;
  points: [number, number][];
}

/** An answer of the query API. `error` is Prometheus's own (a query it refuses, a timeout in it). */
export interface PrometheusResult {
  /** As sent, with the spec's labels put in. */
  query: string;
  series: PrometheusSeries[];
  /** Warnings and infos. */
  annotations: string[];
  raw: unknown;
  error?: string;
}

/** Times are seconds since the epoch. Every call rejects with SQ-PROMETHEUS-UNREACHABLE when nothing answers. */
export interface PrometheusClient {
  ready(timeoutMs: number): Promise<boolean>;
  instant(query: string, at: { timeS: number; lookbackDeltaS: number }): Promise<PrometheusResult>;
  /** One value per step at startS, startS + stepS, ... up to endS. */
  range(
    query: string,
    span: { startS: number; endS: number; stepS: number; lookbackDeltaS: number },
  ): Promise<PrometheusResult>;
  /** Samples as they were scraped, in (timeS - rangeS, timeS]. */
  rawSamples(selector: string, span: { timeS: number; rangeS: number }): Promise<PrometheusResult>;
  /** Metric names with a series in the span, for a regular expression over names. */
  metricNames(pattern: string, span: { startS: number; endS: number }): Promise<string[]>;
  /** `data` of the rules that it has loaded, as the API documents it; undefined where it does not give it away. */
  rules(): Promise<unknown>;
  runtime(): Promise<unknown>; // the same of its own state
  serverTimeMs(): Promise<number>;
  /** Prometheus's clock minus this host's, ms; 0 where the calls take too long to tell a difference. */
  skewMs(): Promise<number>;
  /** The spec's URL without its user info. */
  url: string;
}

const timeoutMs = 10_000;
/** Prometheus gives at most 11,000 points per series and answer. */
const pointsMax = 10_000;

const sample = z.tuple([z.number(), z.string()]);
const envelope = z.object({
  status: z.enum(['success', 'error']),
  error: z.string().optional(),
  errorType: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  infos: z.array(z.string()).optional(),
  data: z.unknown().optional(),
});
const labels = z.record(z.string(), z.string());
const queryData = z.discriminatedUnion('resultType', [
  z.object({
    resultType: z.literal('vector'),
    result: z.array(
      z.object({ metric: labels, value: sample.optional(), histogram: z.unknown().optional() }),
    ),
  }),
  z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ metric: labels, values: z.array(sample).optional() })),
  }),
  z.object({ resultType: z.literal('scalar'), result: sample }),
  z.object({ resultType: z.literal('string'), result: z.tuple([z.number(), z.string()]) }),
]);

export function createPrometheus(spec: PrometheusSpec, clock: Clock, agent?: Agent): PrometheusClient {
  const access: PrometheusAccess = { spec, ...(agent === undefined ? {} : { agent }) };
  const query = async (path: string, text: string, form: Record<string, string>) => {
    const full = withMatchers(text, spec.match);
    return readResult(full, await post(access, path, { query: full, ...form }));
  };
  const get = async (path: string) => (await read(access, path, () => getPath(access, path, timeoutMs))).data;
  const instant: PrometheusClient['instant'] = (text, { timeS, lookbackDeltaS }) =>
    query('/api/v1/query', text, { time: seconds(timeS), lookback_delta: seconds(lookbackDeltaS) });
  const serverTimeMs = async () => {
    const [series] = readResult('time()', await post(access, '/api/v1/query', { query: 'time()' })).series;
    return (series?.points[0]?.[1] ?? Number.NaN) * 1000;
  };
  return {
    instant,
    serverTimeMs,
    url: publicUrl(spec),
    skewMs: () => measureSkewMs(clock, serverTimeMs),
    ready: async (readyTimeoutMs) => {
      const probe = async () => {
        const { status } = await postForm(access, '/api/v1/query', { query: '1' }, timeoutMs);
        return status === 200 ? true : undefined;
      };
      const options = { timeoutMs: readyTimeoutMs, everyMs: 100 };
      // Not listening yet is the state that this waits out; what it is in the end is the answer.
      return (await waitFor(clock, options, () => probe().catch(() => undefined))) ?? false;
    },
    range: async (text, span) => {
      const parts: PrometheusResult[] = [];
      for (const { startS, endS } of chunks(span)) {
        const form = { start: seconds(startS), end: seconds(endS), step: seconds(span.stepS) };
        const lookback = { lookback_delta: seconds(span.lookbackDeltaS) };
        parts.push(await query('/api/v1/query_range', text, { ...form, ...lookback }));
      }
      return joinParts(withMatchers(text, spec.match), parts);
    },
    rawSamples: (selector, { timeS, rangeS }) =>
      query('/api/v1/query', `${selector}[${Math.max(1, Math.round(rangeS * 1000))}ms]`, {
        time: seconds(timeS),
      }),
    metricNames: async (pattern, { startS, endS }) => {
      const selector = withMatchers(`{__name__=~${JSON.stringify(pattern)}}`, spec.match);
      const form = { 'match[]': selector, start: seconds(startS), end: seconds(endS) };
      // Label values can only be had by GET, where a long selector may not fit; series by POST.
      const answer = await post(access, '/api/v1/series', form);
      const found = z.array(labels).catch([]).parse(answer.data);
      return [...new Set(found.map((series) => series.__name__ ?? ''))].sort();
    },
    rules: () => get('/api/v1/rules'),
    runtime: () => get('/api/v1/status/runtimeinfo'),
  };
}

/** The envelope, whatever its status: a query that Prometheus refuses is an answer. */
async function post(access: PrometheusAccess, path: string, form: Record<string, string>) {
  return read(access, path, () => postForm(access, path, form, timeoutMs));
}

async function read(
  access: PrometheusAccess,
  path: string,
  ask: () => Promise<HttpAnswer>,
): Promise<z.infer<typeof envelope>> {
  let found: string;
  try {
    const { status, body } = await ask();
    const parsed = envelope.safeParse(parseJson(body));
    if (parsed.success) return parsed.data;
    found = `status ${status}: ${body.slice(0, 200)}`;
  } catch (error) {
    found = error instanceof Error ? error.message : String(error);
  }
  throw new SquallError({
    code: 'SQ-PROMETHEUS-UNREACHABLE',
    what: 'Prometheus does not answer its API',
    where: publicUrl(access.spec),
    expected: `an answer to ${path} within ${timeoutMs / 1000} s`,
    found,
    next: 'squall doctor',
  });
}

function publicUrl(spec: PrometheusSpec): string {
  const url = new URL(spec.url);
  url.username = '';
  url.password = '';
  return url.href;
}

function readResult(query: string, answer: z.infer<typeof envelope>): PrometheusResult {
  const annotations = [...(answer.warnings ?? []), ...(answer.infos ?? [])];
  const base = { query, series: [], annotations, raw: answer.data ?? null };
  if (answer.status === 'error')
    return { ...base, error: answer.error ?? answer.errorType ?? 'no reason given' };
  const data = queryData.safeParse(answer.data);
  if (!data.success) return { ...base, error: 'the answer has another form than the API documents' };
  switch (data.data.resultType) {
    case 'vector':
      return { ...base, series: data.data.result.map((one) => series(one.metric, [one.value])) };
    case 'matrix':
      return { ...base, series: data.data.result.map((one) => series(one.metric, one.values ?? [])) };
    case 'scalar':
      return { ...base, series: [series({}, [data.data.result])] };
    case 'string':
      return { ...base, error: 'the query gives a string' };
    default:
      return data.data satisfies never;
  }
}

/** A native histogram has no value of its own: its series stays, without a point. */
function series(names: Record<string, string>, samples: ([number, string] | undefined)[]): PrometheusSeries {
  const points = samples.flatMap((one): [number, number][] => (one ? [[one[0], readNumber(one[1])]] : []));
  return { labels: names, points };
}

/** "+Inf", "-Inf" and "NaN" are Prometheus's words. */
export function readNumber(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}

/**
 * The quickest of three calls tells most: each may be off by half its own time, and a difference below that is none
 * that was seen.
 */
async function measureSkewMs(clock: Clock, serverTimeMs: () => Promise<number>): Promise<number> {
  let best = { skewMs: Number.NaN, tookMs: Number.POSITIVE_INFINITY };
  for (let call = 0; call < 3; call++) {
    const before = clock.wallMs();
    const there = await serverTimeMs();
    const tookMs = clock.wallMs() - before;
    if (tookMs < best.tookMs) best = { skewMs: there - before - tookMs / 2, tookMs };
  }
  return Math.abs(best.skewMs) <= best.tookMs / 2 ? 0 : best.skewMs;
}

function* chunks(span: { startS: number; endS: number; stepS: number }) {
  const step = span.stepS * pointsMax;
  for (let startS = span.startS; startS <= span.endS; startS += step)
    yield { startS, endS: Math.min(span.endS, startS + step - span.stepS) };
}

function joinParts(query: string, parts: PrometheusResult[]): PrometheusResult {
  const byLabels = new Map<string, PrometheusSeries>();
  for (const one of parts.flatMap((part) => part.series)) {
    const key = JSON.stringify(Object.entries(one.labels).sort());
    const known = byLabels.get(key);
    if (known === undefined) byLabels.set(key, { labels: one.labels, points: [...one.points] });
    else for (const point of one.points) known.points.push(point);
  }
  const error = parts.find((part) => part.error !== undefined)?.error;
  return {
    query,
    series: [...byLabels.values()],
    annotations: [...new Set(parts.flatMap((part) => part.annotations))],
    raw: parts.length === 1 ? parts[0]?.raw : parts.map((part) => part.raw),
    ...(error === undefined ? {} : { error }),
  };
}

function seconds(value: number): string {
  return value.toFixed(3);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: no envelope, which the caller reports with the text
  }
}
