import { z } from 'zod';
import type { AlertRecord } from './alert-record.ts';
import { alertLabels, evaluationDefaultS, readAlerts } from './alerts.ts';
import type { PrometheusClient } from './prometheus.ts';
import { type AlertingRule, alertingRules } from './rules.ts';

/** What Prometheus tells of its rules at one moment. */
export interface Evaluations {
  /** `data` of the rules API; null where they cannot be had, as behind a proxy that lets only queries through. */
  rules: unknown;
  /** By the name of their alert; undefined where they cannot be had. */
  alerting: ReadonlyMap<string, AlertingRule[]> | undefined;
  /** When it started, by its own clock; undefined where it does not say. */
  startedMs: number | undefined;
}

export async function askEvaluations(client: PrometheusClient): Promise<Evaluations> {
  const [rules, runtime] = await Promise.all([
    client.rules().catch(() => null),
    client.runtime().catch(() => null),
  ]);
  const startTime = z.object({ startTime: z.string() }).safeParse(runtime).data?.startTime;
  const startedMs = startTime === undefined ? undefined : Date.parse(startTime);
  return { rules, alerting: alertingRules(rules), startedMs };
}

/** Prometheus writes no sample of ALERTS at the first two evaluations after its start, whatever is active. */
const silentEvaluations = 3;

/** Whether every rule of an alert was evaluated often enough since Prometheus started for its alerts to be seen. */
export function isEvaluated({ alerting, startedMs }: Evaluations, alert: string): boolean {
  return (alerting?.get(alert) ?? []).every(({ lastEvaluationMs, everyS = 0 }) => {
    if (lastEvaluationMs === undefined) return false;
    return startedMs === undefined || lastEvaluationMs - startedMs >= silentEvaluations * everyS * 1000;
  });
}

/** Labels of what is pending or firing at this moment, as AlertRecord has them. */
export function activeNow({ alerting }: Evaluations, alert: string): string[] {
  return (alerting?.get(alert) ?? []).flatMap(({ labels }) => labels.map(alertLabels));
}

/** How often the rules of an alert, or of all, are evaluated at least, s; the default of Prometheus where it is not known. */
export function slowestS({ alerting }: Evaluations, alert?: string): number {
  if (alerting === undefined) return evaluationDefaultS;
  const rules = alert === undefined ? [...alerting.values()].flat() : (alerting.get(alert) ?? []);
  return Math.max(0, ...rules.map(({ everyS = 0 }) => everyS));
}

/** How often an alert is evaluated, s: the slowest of its rules. Undefined where that is not told. */
export function intervalS({ alerting }: Evaluations, alert: string): number | undefined {
  const told = (alerting?.get(alert) ?? []).flatMap(({ everyS }) => everyS ?? []);
  return told.length === 0 ? undefined : Math.max(...told);
}

/** Of the rules of one name the one that was evaluated longest ago, without an error, in seconds of that clock. */
function evaluatedUntilS({ alerting }: Evaluations, alert: string): number | undefined {
  const rules = alerting?.get(alert);
  if (rules === undefined) return undefined;
  return Math.min(
    ...rules.map(({ lastEvaluationMs, failed }) =>
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
  const before = Math.min(leadMaxS, Math.max(leadS, leadEvaluations * slowestS(evaluations, alert)));
  const selector = alert === undefined ? 'ALERTS' : `ALERTS{alertname=${JSON.stringify(alert)}}`;
  const rangeS = Math.max(1, endServerS - t0ServerS + before);
  const { series, error } = await client.rawSamples(selector, { timeS: endServerS, rangeS });
  if (error !== undefined) return undefined;
  return readAlerts(series, {
    toRunS: (serverS) => serverS - t0ServerS,
    endServerS,
    keep: new Set(expected),
    everyS: (name) => intervalS(evaluations, name),
    evaluatedServerS: (name) => evaluatedUntilS(evaluations, name),
  });
}
