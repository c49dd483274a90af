import { activeNow, askAlerts, askEvaluations, isEvaluated, slowestS } from '../observe/ask-alerts.ts';
import { createPrometheus } from '../observe/prometheus.ts';
import type { DrillOptions } from './drill-types.ts';
import { need, type Session } from './session.ts';

/** Alerts of one name as the verdict reads them after the run; undefined where Prometheus cannot be asked. */
export function watchAlerts(session: Session): DrillOptions['alerts'] {
  const { prometheus: spec, clock } = session;
  if (spec === undefined) return async () => undefined;
  const isForeign = session.scenario.target.prometheus !== undefined;
  const client = createPrometheus(spec, clock, session.prometheusAgent);
  let skewMs: number | undefined;
  return async (alert) => {
    try {
      skewMs ??= await client.skewMs();
      // Before the alerts: what was evaluated by then has its samples there.
      const evaluations = await askEvaluations(client);
      const t0ServerS = (need(session, 't0WallMs') + skewMs) / 1000;
      const endServerS = (await client.serverTimeMs()) / 1000;
      const asked = { t0ServerS, endServerS, evaluations, expected: [alert], alert };
      const alerts = await askAlerts(client, asked);
      if (alerts === undefined) return undefined;
      return {
        alerts,
        everyS: slowestS(evaluations, alert),
        // Of one that was there before and tells no rules it is taken for granted.
        evaluated: evaluations.alerting === undefined ? isForeign : isEvaluated(evaluations, alert),
        active: activeNow(evaluations, alert),
      };
    } catch {
      return undefined; // asked again at the next look
    }
  };
}
