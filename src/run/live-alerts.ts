import type { AlertRecord } from '../observe/alert-record.ts';
import { readAlerts } from '../observe/alerts.ts';
import { createPrometheus } from '../observe/prometheus.ts';
import { scrapeIntervalMs } from './own-prometheus.ts';
import { need, type Session } from './session.ts';

/**
 * Alerts of one name since t = 0, as Prometheus has them now; undefined where it cannot be asked. As the verdict reads
 * them after the run.
 */
export function watchAlerts(session: Session): (alert: string) => Promise<AlertRecord[] | undefined> {
  const { prometheus: spec, clock } = session;
  if (spec === undefined) return async () => undefined;
  const client = createPrometheus(spec, clock, session.prometheusAgent);
  let skewMs: number | undefined;
  return async (alert) => {
    try {
      skewMs ??= await client.skewMs();
      const t0S = (need(session, 't0WallMs') + skewMs) / 1000;
      const timeS = (await client.serverTimeMs()) / 1000;
      const selector = `ALERTS{alertname=${JSON.stringify(alert)}}`;
      const { series, error } = await client.rawSamples(selector, { timeS, rangeS: timeS - t0S + leadS });
      if (error !== undefined) return undefined;
      const toRunS = (serverS: number) => serverS - t0S;
      return readAlerts(series, { toRunS, endServerS: timeS, intervalS: scrapeIntervalMs / 1000 });
    } catch {
      return undefined; // asked again at the next look
    }
  };
}

/** Before t = 0: an alert that is active already is none that a fault sets off. */
const leadS = 60;
