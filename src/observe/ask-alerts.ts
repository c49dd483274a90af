import type { AlertRecord } from './alert-record.ts';
import { evaluationDefaultS, readAlerts } from './alerts.ts';
import type { PrometheusClient } from './prometheus.ts';
import { alertIntervals, evaluatedAlerts } from './rules.ts';

/** How often it evaluates its rules, as far as Prometheus tells. */
export interface Evaluations {
  /** By name of the alert, s; undefined where the rules cannot be had, as behind a proxy that lets only queries through. */
  everyS: ReadonlyMap<string, number> | undefined;
  /** `data` of the rules API; null where they cannot be had. */
  rules: unknown;
}

/** Where the rules cannot be had, a Prometheus that was there before is taken to have evaluated them. */
export function isEvaluated({ everyS, rules }: Evaluations, alert: string): boolean {
  return everyS === undefined || evaluatedAlerts(rules).has(alert);
}

export async function askEvaluations(client: PrometheusClient): Promise<Evaluations> {
  const rules = await client.rules().catch(() => null);
  return { everyS: alertIntervals(rules), rules };
}

/** Of these alerts, or of all, s; the default of Prometheus where it is not known. */
export function slowestS({ everyS }: Evaluations, alerts: readonly string[]): number {
  if (everyS === undefined) return evaluationDefaultS;
  return Math.max(0, ...alerts.map((alert) => everyS.get(alert) ?? 0));
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
    ...(evaluations.everyS === undefined ? {} : { everyS: evaluations.everyS }),
  });
}
