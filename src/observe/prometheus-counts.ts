import { type Signal, signals } from '../base/signal.ts';
import type { Plan } from '../plan/types.ts';
import {
  collectorNamePattern,
  namesOfCounter,
  namesOfGauge,
  type Quantity,
  quantities,
  selectorOf,
} from './collector-names.ts';
import { quantileOfBuckets, type Span, sumIncreases } from './counters.ts';
import type { PrometheusAnswer, PrometheusRecord } from './evidence.ts';
import { type PrometheusClient, type PrometheusSeries, readNumber } from './prometheus.ts';

export interface ReadContext {
  client: PrometheusClient;
  /** t = 0 to now: the target has drained. */
  whole: Span;
  /** The run window. */
  run: Span;
  /** How far before a span its first samples are looked for. */
  leadS: number;
  /** Members between two hops: what they receive or send was counted by the hop before, or will be by the next. */
  inner: { accepted: ReadonlySet<string>; sent: ReadonlySet<string> };
  toServerS(runS: number): number;
}

/** Names of the collector's series with samples in the span. */
export function findNames(client: PrometheusClient, span: Span): Promise<string[]> {
  return client.metricNames(collectorNamePattern, { startS: span.fromS - 60, endS: span.toS });
}

/**
 * Counters summed over members and signals (accepted where the load enters, sent where the sink follows), of OTLP receivers and exporters only: a debug exporter beside the real
 * one counts every item again. send_failed and enqueue_failed are absent until the first failure: 0 then, but only
 * where sent is there.
 */
export async function countQuantities(
  context: ReadContext,
  names: readonly string[],
): Promise<Pick<PrometheusRecord, 'counters' | 'names'> & { moving: boolean }> {
  const found: Record<Quantity, number | null> = {
    accepted: null,
    refused: null,
    sent: null,
    sendFailed: null,
    enqueueFailed: null,
  };
  const chosen: Record<string, string> = {};
  let moving = false;
  for (const quantity of quantities)
    for (const signal of signals) {
      const own = namesOfCounter(names, { quantity, signal });
      if (own.length === 0) continue;
      chosen[`${quantity} ${signal}`] = own.join(', ');
      const series = await otlpOnly(context, own, quantity);
      if (quantity === 'accepted' || quantity === 'sent') moving ||= series.some(isMoving);
      const rise = sumIncreases(series, context.whole);
      if (rise !== null) found[quantity] = (found[quantity] ?? 0) + rise;
    }
  for (const gauge of ['queueSize', 'queueCapacity'] as const) {
    const own = namesOfGauge(names, gauge);
    if (own.length > 0) chosen[gauge] = own.join(', ');
  }
  const absent = (value: number | null, witness: number | null) => value ?? (witness === null ? null : 0);
  return {
    names: chosen,
    moving,
    counters: {
      accepted: found.accepted,
      sent: found.sent,
      sendFailed: absent(found.sendFailed, found.sent),
      enqueueFailed: absent(found.enqueueFailed, found.sent),
      refused: absent(found.refused, found.accepted),
    },
  };
}

/** Items accepted per signal in the run window, and the P95 of squall's own histogram: see verdict/headline. */
export async function headlineAnswers(
  context: ReadContext,
  options: { plan: Plan; names: readonly string[]; ownJob: string },
): Promise<PrometheusAnswer[]> {
  const answers: PrometheusAnswer[] = [await askP95(context, options.ownJob)];
  const used = signals.filter((signal) => options.plan.entries.some(({ spec }) => spec.signal === signal));
  for (const signal of used) answers.push(await askAccepted(context, signal, options.names));
  return answers;
}

async function askAccepted(
  context: ReadContext,
  signal: Signal,
  names: readonly string[],
): Promise<PrometheusAnswer> {
  const own = namesOfCounter(names, { quantity: 'accepted', signal });
  const query = selectorOf(own.length > 0 ? own : ['otelcol_receiver_accepted']);
  const base = { for: `headline accepted ${signal}`, query, atS: context.run.toS - context.toServerS(0) };
  if (own.length === 0)
    return { ...base, value: null, reason: 'the collector has no such counter', raw: null, annotations: [] };
  const series = await otlpOnly(context, own, 'accepted');
  const value = sumIncreases(series, context.run);
  const raw = series.map(({ labels, points }) => ({ labels, samples: points.length }));
  return {
    ...base,
    value,
    ...(value === null ? { reason: 'no sample in the window' } : {}),
    raw,
    annotations: [],
  };
}

async function askP95(context: ReadContext, ownJob: string): Promise<PrometheusAnswer> {
  const selector = `squall_ack_duration_seconds_bucket{job=${JSON.stringify(ownJob)}}`;
  const series = await readRaw(context, selector);
  const buckets = new Map<number, number>();
  for (const one of series) {
    const le = readNumber(one.labels.le ?? 'NaN');
    const rise = sumIncreases([one], context.run);
    if (rise !== null && !Number.isNaN(le)) buckets.set(le, (buckets.get(le) ?? 0) + rise);
  }
  const list = [...buckets].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
  const seconds = quantileOfBuckets(list, 0.95);
  return {
    for: 'headline p95',
    query: selector,
    atS: context.run.toS - context.toServerS(0),
    value: Number.isFinite(seconds) ? seconds * 1000 : null,
    ...(Number.isFinite(seconds) ? {} : { reason: 'no request fell under a bound of the histogram' }),
    raw: list.map(({ le, count }) => [le === Number.POSITIVE_INFINITY ? '+Inf' : le, count]),
    annotations: [],
  };
}

/** Queue sizes per member, for the timeline. */
export async function timelineSeries(
  context: ReadContext,
  options: { names: readonly string[]; stepS: number },
): Promise<PrometheusRecord['series']> {
  const own = namesOfGauge(options.names, 'queueSize');
  if (own.length === 0) return [];
  const { fromS, toS } = context.whole;
  const result = await context.client.range(`sum by (member) (${selectorOf(own)})`, {
    startS: fromS,
    endS: toS,
    stepS: options.stepS,
    lookbackDeltaS: 2 * options.stepS,
  });
  return result.series.map(({ labels, points }) => ({
    name: `queue size ${labels.member ?? ''}`.trim(),
    unit: 'batches',
    points: points
      .filter(([, value]) => Number.isFinite(value))
      .map(([atS, value]): [number, number] => [atS - fromS, value]),
  }));
}

/** Whether the newest two samples differ. */
function isMoving({ points }: PrometheusSeries): boolean {
  return points.length >= 2 && points.at(-1)?.[1] !== points.at(-2)?.[1];
}

async function otlpOnly(
  context: ReadContext,
  names: readonly string[],
  quantity: Quantity,
): Promise<PrometheusSeries[]> {
  const label = quantity === 'accepted' || quantity === 'refused' ? 'receiver' : 'exporter';
  const read = await readRaw(context, selectorOf(names));
  const inner = quantity === 'accepted' || quantity === 'sent' ? context.inner[quantity] : undefined;
  const all = read.filter(({ labels }) => inner?.has(labels.member ?? '') !== true);
  const otlp = all.filter(({ labels }) => /^otlp/.test(labels[label] ?? ''));
  return otlp.length > 0 ? otlp : all;
}

async function readRaw(context: ReadContext, selector: string): Promise<PrometheusSeries[]> {
  const { whole, leadS, client } = context;
  const result = await client.rawSamples(selector, {
    timeS: whole.toS,
    rangeS: whole.toS - whole.fromS + leadS,
  });
  return result.series;
}
