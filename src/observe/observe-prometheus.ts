import { type Clock, systemClock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { Plan } from '../plan/types.ts';
import type { SloSpec } from '../scenario/types.ts';
import { askAlerts, askEvaluations } from './ask-alerts.ts';
import { coverageOf, type Span, scrapeDistanceS } from './counters.ts';
import type { MemberRecord, PrometheusRecord } from './evidence.ts';
import type { PrometheusClient, PrometheusSeries } from './prometheus.ts';
import {
  countQuantities,
  findNames,
  headlineAnswers,
  type ReadContext,
  timelineSeries,
} from './prometheus-counts.ts';
import { type AskContext, askSlo } from './promql-answer.ts';
import { readRules } from './rules.ts';

export interface ObserveOptions {
  client: PrometheusClient;
  plan: Plan;
  members: MemberRecord[];
  slos: SloSpec[];
  /** Wall clock of t = 0 on this host. */
  t0WallMs: number;
  /** As the verdict bounds them, ns from t = 0. */
  windows: { name: string; fromNs: number; toNs: number }[];
  scrapeIntervalMs: number;
  /** Job under which squall's own metrics are scraped: no part of the target. */
  ownJob: string;
  /** It may have alerting rules. */
  hasRules?: boolean;
  /** Labels were put into every selector: alerts without them are not seen. */
  matched?: boolean;
  clock?: Clock;
}

/** How much of the time before t = 0 is read for the counters' first values, s, beside two scrapes. */
const leadS = 5;

/**
 * Everything that the run needs of Prometheus, asked once after settling. A server that stops answering gives a record
 * without it (available: false), never an exception: its SLOs are then unknown.
 */
export async function observePrometheus(options: ObserveOptions): Promise<PrometheusRecord> {
  try {
    return await observe(options);
  } catch (error) {
    if (!(error instanceof SquallError)) throw error;
    return withoutAnswers({ url: options.client.url, scrapeIntervalMs: options.scrapeIntervalMs });
  }
}

async function observe(options: ObserveOptions): Promise<PrometheusRecord> {
  const { client, slos } = options;
  const skewMs = await client.skewMs();
  const toServerS = (runS: number) => (options.t0WallMs + skewMs) / 1000 + runS;
  const run = spanOf(options, 'run');
  const runSpan: Span = { fromS: toServerS(run.fromS), toS: toServerS(run.toS) };
  const up = await awaitUp(options, runSpan);
  const intervalS = scrapeDistanceS(up) ?? options.scrapeIntervalMs / 1000;
  const whole: Span = { fromS: toServerS(0), toS: (await client.serverTimeMs()) / 1000 };
  const read = {
    client,
    whole,
    run: runSpan,
    leadS: leadS + 2 * intervalS,
    inner: innerOf(options.members),
    toServerS,
  };
  const names = await findNames(client, whole);
  const context: AskContext = { client, intervalS, names, toServerS };
  const answers = [];
  for (const slo of slos) {
    const window = options.windows.find(({ name }) => name === slo.window);
    if (slo.source.kind !== 'promql' || window === undefined) continue;
    answers.push(...(await askSlo(context, { ...slo, source: slo.source }, spanOf(options, slo.window))));
  }
  const counted = await countQuantities(read, names);
  answers.push(...(await headlineAnswers(read, { plan: options.plan, names, ownJob: options.ownJob })));
  const target = (labels: Record<string, string>) => labels.member ?? `${labels.job}/${labels.instance}`;
  return {
    available: true,
    url: client.url,
    scrapeIntervalMs: Math.round(intervalS * 1000),
    answers,
    names: counted.names,
    coverage: coverageOf(up, { span: runSpan, intervalS, target }),
    skewMs,
    counters: counted.counters,
    ...(counted.moving ? { moving: true } : {}),
    series: await timelineSeries(read, { names, stepS: Math.max(1, intervalS) }),
    ...(options.hasRules === true ? await watchRules(options, { t0ServerS: toServerS(0), whole }) : {}),
  };
}

async function watchRules(
  { client, matched, plan: { drill = [] } }: ObserveOptions,
  { t0ServerS, whole }: { t0ServerS: number; whole: Span },
): Promise<Pick<PrometheusRecord, 'alerts' | 'rules' | 'matched'>> {
  const evaluations = await askEvaluations(client);
  const expected = drill.flatMap((step) => (step.kind === 'expect' ? step.alert : []));
  const asked = { t0ServerS, endServerS: whole.toS, evaluations, expected };
  const alerts = await askAlerts(client, asked);
  if (alerts === undefined) return {};
  const told = new Set([...expected, ...alerts.map(({ alert }) => alert)]);
  const rules = readRules(evaluations.rules, told);
  return {
    alerts,
    ...(rules === undefined ? {} : { rules }),
    ...(matched === true ? { matched: true as const } : {}),
  };
}

function innerOf(members: readonly MemberRecord[]): ReadContext['inner'] {
  const names = (list: readonly MemberRecord[]) => new Set(list.map(({ name }) => name));
  return {
    accepted: names(members.filter(({ entry }) => entry === false)),
    sent: names(members.filter(({ exit }) => exit === false)),
  };
}

/**
 * Samples of `up` of the target over the run, once a scrape has come that began after this call: by then the target
 * has drained, and the newest sample of every counter says so. Gives up after two scrape intervals and 5 s, as a busy
 * machine scrapes late.
 */
async function awaitUp(options: ObserveOptions, run: Span): Promise<PrometheusSeries[]> {
  const { client, clock = systemClock, scrapeIntervalMs } = options;
  const selector = `up{job!=${JSON.stringify(options.ownJob)}}`;
  const calledS = (await client.serverTimeMs()) / 1000;
  const read = async () => {
    const timeS = (await client.serverTimeMs()) / 1000;
    const rangeS = Math.max(1, timeS - run.fromS + leadS);
    return (await client.rawSamples(selector, { timeS, rangeS })).series;
  };
  let last = await read();
  const intervalMs = (scrapeDistanceS(last) ?? scrapeIntervalMs / 1000) * 1000;
  const wait = { timeoutMs: 2 * intervalMs + 5000, everyMs: Math.min(250, intervalMs) };
  await waitFor(clock, wait, async () => {
    last = await read();
    const newest = last.map(({ points }) => points.at(-1)?.[0] ?? 0);
    return last.length === 0 || Math.min(...newest) >= calledS ? true : undefined;
  });
  return last;
}

function spanOf(options: ObserveOptions, name: string): { fromS: number; toS: number } {
  const window = options.windows.find((one) => one.name === name);
  return { fromS: Math.max(0, window?.fromNs ?? 0) / 1e9, toS: Math.max(0, window?.toNs ?? 0) / 1e9 };
}

/** The record of a run that has no answers of Prometheus: every number is without evidence. */
export function withoutAnswers(known: { scrapeIntervalMs: number; url?: string }): PrometheusRecord {
  return {
    available: false,
    ...known,
    answers: [],
    names: {},
    coverage: null,
    skewMs: null,
    counters: { accepted: null, sent: null, sendFailed: null, enqueueFailed: null, refused: null },
    series: [],
  };
}
