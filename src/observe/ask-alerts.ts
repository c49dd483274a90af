import { z } from 'zod';
import type { AlertRecord } from './alert-record.ts';
import { alertLabels, evaluationDefaultS, readAlerts } from './alerts.ts';
import type { PrometheusClient } from './prometheus.ts';
import { alertIntervals, rulesNow } from './rules.ts';

/** How often it evaluates its rules, as far as Prometheus tells. */
export interface Evaluations {
  /** By name of the alert, s; undefined where the rules cannot be had, as behind a proxy that lets only queries through. */
  everyS: ReadonlyMap<string, number> | undefined;
  /** `data` of the rules API; null where they cannot be had. */
  rules: unknown;
  /** When it started, by its own clock; undefined where it does not say. */
  startedMs: number | undefined;
}

/** Prometheus writes no sample of ALERTS at the first two evaluations after its start, whatever is active. */
const silentEvaluations = 3;

/** Whether every rule of an alert was evaluated often enough since Prometheus started for its alerts to be seen. */
export function isEvaluated({ rules, startedMs }: Evaluations, alert: string): boolean {
  const now = rulesNow(rules, alert);
  return now.every(({ lastEvaluationMs, everyS: intervalS }) => {
    if (lastEvaluationMs === undefined) return false;
    return startedMs === undefined || lastEvaluationMs - startedMs >= silentEvaluations * intervalS * 1000;
  });
}

/** Labels of what is pending or firing at this moment, as AlertRecord has them. */
export function activeNow({ rules }: Evaluations, alert: string): string[] {
  return rulesNow(rules, alert).flatMap(({ labels }) => labels.map(alertLabels));
}

export async function askEvaluations(client: PrometheusClient): Promise<Evaluations> {
  const [rules, runtime] = await Promise.all([
    client.rules().catch(() => null),
    client.runtime().catch(() => null),
  ]);
  const startTime = z.object({ startTime: z.string() }).safeParse(runtime).data?.startTime;
  const startedMs = startTime === undefined ? undefined : Date.parse(startTime);
  return { everyS: alertIntervals(rules), rules, startedMs };
}

/** Of these alerts, or of all, s; the default of Prometheus where it is not known. */
export function slowestS({ everyS }: Evaluations, alerts: readonly string[]): number {
  if (everyS === undefined) return evaluationDefaultS;
  return Math.max(0, ...alerts.map((alert) => everyS.get(alert) ?? 0));
}

/** Of the rules of one name the one that was evaluated longest ago, without an error, in seconds of that clock. */
function evaluatedUntilS({ rules }: Evaluations, alert: string): number | undefined {
  const now = rulesNow(rules, alert);
  if (now.length === 0) return undefined;
  return Math.min(
    ...now.map(({ lastEvaluationMs, failed }) =>
      failed || lastEvaluationMs === undefined ? Number.NEGATIVE_INFINITY : lastEvaluationMs / 1000,
    ),
  );
}

/** At least so long before t = 0, s, as well as a few evaluations: what is active already is none that a fault set off. */
const leadS = 5;
const leadEvaluations = 4;
const leadMaxS = 1800;

/**
 * Alerts from before t = 0 until `endServerS`; `alert`: of one name. Undefined where Prometheus refuses to tell. Rejects
 * with SQ-PROMETHEUS-UNREACHABLE.
 */
export async function askAlerts(
  client: PrometheusClient,
  of: {
    t0ServerS: number;
    endServerS: number;
    evaluations: Evaluations;
    /** Of which all are told. */
    expected: readonly string[];
    alert?: string;
  },
): Promise<AlertRecord[] | undefined> {
  const { t0ServerS, endServerS, evaluations, expected, alert } = of;
  const all = evaluations.everyS === undefined ? [] : [...evaluations.everyS.keys()];
  const slowest = slowestS(evaluations, alert === undefined ? all : [alert]);
  const before = Math.min(leadMaxS, Math.max(leadS, leadEvaluations * slowest));
  const selector = alert === undefined ? 'ALERTS' : `ALERTS{alertname=${JSON.stringify(alert)}}`;
  const rangeS = Math.max(1, endServerS - t0ServerS + before);
  const { series, error } = await client.rawSamples(selector, { timeS: endServerS, rangeS });
  if (error !== undefined) return undefined;
  return readAlerts(series, {
    toRunS: (serverS) => serverS - t0ServerS,
    endServerS,
    keep: new Set(expected),
    evaluatedServerS: (name) => evaluatedUntilS(evaluations, name),
    ...(evaluations.everyS === undefined ? {} : { everyS: evaluations.everyS }),
  });
}
