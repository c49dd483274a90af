import { distance } from 'fastest-levenshtein';
import type { SloSpec, ThresholdSpec } from '../scenario/types.ts';
import type { PrometheusAnswer } from './evidence.ts';
import type { PrometheusClient, PrometheusResult } from './prometheus.ts';
import { lintQuery } from './promql-lint.ts';
import { asksForWindow, lookbackMs, metricsOf, putWindow } from './promql-text.ts';

/** A range over fewer scrapes than this is a guess. */
const scrapesMin = 4;
/** Of the scrapes in the window, so many must give a value. */
const valuesMin = 0.9;
/** Annotations that say the number is not what the query asks for. */
const spoiling = /mixed|monotonicity|mix of/i;

export interface AskContext {
  client: PrometheusClient;
  intervalS: number;
  /** Names of the collector's series on the server. */
  names: readonly string[];
  /** Seconds of the run to seconds of Prometheus's clock. */
  toServerS(runS: number): number;
}

/** Asks one promql SLO over one window, (fromS, toS] in seconds from t = 0. */
export async function askSlo(
  context: AskContext,
  slo: SloSpec & { source: { kind: 'promql'; query: string } },
  window: { fromS: number; toS: number },
): Promise<PrometheusAnswer[]> {
  const { query } = slo.source;
  const lengthS = window.toS - window.fromS;
  const nothing = (reason: string): PrometheusAnswer => ({
    for: slo.name,
    query,
    atS: window.toS,
    value: null,
    reason,
    raw: null,
    annotations: [],
  });
  if (!(lengthS > 0)) return [nothing('the window is empty')];
  const misleading = lintQuery(query).problems.find((problem) => problem.seenInAnswer !== true);
  if (misleading !== undefined)
    return [nothing(`${misleading.what} (${misleading.found}); expected ${misleading.expected}`)];
  if (asksForWindow(query)) {
    if (lengthS < scrapesMin * context.intervalS)
      return [nothing(`the window holds fewer than ${scrapesMin} scrapes of ${context.intervalS} s`)];
    return [
      await askOnce(context, { slo: slo.name, query: putWindow(query, lengthS * 1000), atS: window.toS }),
    ];
  }
  const firstS = window.fromS + Math.max(context.intervalS, lookbackMs(query) / 1000);
  if (firstS > window.toS)
    return [nothing('the window is shorter than the stretch that the query looks back')];
  return askEverywhere(context, slo, { firstS, lastS: window.toS });
}

async function askOnce(
  context: AskContext,
  question: { slo: string; query: string; atS: number },
): Promise<PrometheusAnswer> {
  const at = { timeS: context.toServerS(question.atS), lookbackDeltaS: 2 * context.intervalS };
  const result = await context.client.instant(question.query, at);
  const base = answerBase(question.slo, result, question.atS);
  const bad = whyNoNumber(result);
  if (bad !== undefined) return { ...base, value: null, reason: bad + nearNames(context, result) };
  const value = result.series[0]?.points[0]?.[1] ?? Number.NaN;
  return Number.isFinite(value)
    ? { ...base, value }
    : { ...base, value: null, reason: `the value is ${value}` };
}

/** Asked at every scrape of the window: per threshold the value that is worst for it. */
async function askEverywhere(
  context: AskContext,
  slo: SloSpec & { source: { kind: 'promql'; query: string } },
  window: { firstS: number; lastS: number },
): Promise<PrometheusAnswer[]> {
  const { intervalS } = context;
  const startS = context.toServerS(window.firstS);
  const result = await context.client.range(slo.source.query, {
    startS,
    endS: context.toServerS(window.lastS),
    stepS: intervalS,
    lookbackDeltaS: 2 * intervalS,
  });
  const base = answerBase(slo.name, result, window.lastS);
  const bad = whyNoNumber(result);
  if (bad !== undefined) return [{ ...base, value: null, reason: bad + nearNames(context, result) }];
  const points = (result.series[0]?.points ?? []).filter(([, value]) => Number.isFinite(value));
  const expected = Math.floor((window.lastS - window.firstS) / intervalS + 1e-6) + 1;
  if (points.length < valuesMin * expected)
    return [
      {
        ...base,
        value: null,
        reason: `only ${points.length} of ${expected} scrapes in the window gave a number`,
      },
    ];
  return slo.thresholds.map((threshold) => {
    const [atS, value] = worstFor(threshold, points);
    return { ...base, threshold: threshold.text, atS: window.firstS + atS - startS, value };
  });
}

/** The point that breaks the threshold most. */
export function worstFor(
  threshold: Pick<ThresholdSpec, 'operator' | 'limit'>,
  points: readonly [number, number][],
): [number, number] {
  const badness = (value: number) => {
    switch (threshold.operator) {
      case '<':
      case '<=':
        return value;
      case '>':
      case '>=':
        return -value;
      case '==':
        return Math.abs(value - threshold.limit);
      case '!=':
        return -Math.abs(value - threshold.limit);
      default:
        return threshold.operator satisfies never;
    }
  };
  return points.reduce(
    (worst, point) => (badness(point[1]) > badness(worst[1]) ? point : worst),
    points[0] ?? [0, Number.NaN],
  );
}

/** Why an answer is no number, whatever it holds; undefined when it is one series. */
export function whyNoNumber(result: PrometheusResult): string | undefined {
  if (result.error !== undefined) return `Prometheus refused the query: ${result.error}`;
  const spoilt = result.annotations.find((annotation) => spoiling.test(annotation));
  if (spoilt !== undefined) return `Prometheus says of its own answer: ${spoilt}`;
  if (result.series.length === 0) return 'the query gave no series';
  if (result.series.length > 1)
    return `the query gave ${result.series.length} series, one is needed: aggregate them with max, min or sum`;
  if (result.series[0]?.points.length === 0) return 'the query gave a histogram, not a number';
  return undefined;
}

/** Renamed between versions: what the server has in place of a metric that it lacks. */
function nearNames(context: AskContext, result: PrometheusResult): string {
  if (result.series.length > 0 || result.error !== undefined) return '';
  const lacking = metricsOf(result.query).filter((name) => !context.names.includes(name));
  const near = lacking.flatMap((name) => {
    const far = (other: string) => distance(name, other);
    const [best] = [...context.names].sort((a, b) => far(a) - far(b));
    return best === undefined || far(best) > name.length / 3 ? [] : [`there is ${best}, not ${name}`];
  });
  return near.length === 0 ? '' : `; ${near.join(', ')}`;
}

function answerBase(slo: string, result: PrometheusResult, atS: number) {
  return { for: slo, query: result.query, atS, raw: result.raw, annotations: result.annotations };
}
