import {
  activeNow,
  askAlerts,
  askEvaluations,
  type Evaluations,
  isEvaluated,
  slowestS,
} from '../observe/ask-alerts.ts';
import { createPrometheus } from '../observe/prometheus.ts';
import type { DrillOptions } from './drill-types.ts';
import { need, type Session } from './session.ts';

/** Alerts of one name as the verdict reads them after the run; undefined where Prometheus cannot be asked. */
export function watchAlerts(session: Session): DrillOptions['alerts'] {
  const { prometheus: spec, clock } = session;
  if (spec === undefined) return async () => undefined;
  const client = createPrometheus(spec, clock, session.prometheusAgent);
  let known: { skewMs: number; evaluations: Evaluations } | undefined;
  return async (alert, fresh = false) => {
    try {
      known ??= { skewMs: await client.skewMs(), evaluations: await askEvaluations(client) };
      if (fresh || !isEvaluated(known.evaluations, alert)) known.evaluations = await askEvaluations(client);
      const { skewMs, evaluations } = known;
      const t0ServerS = (need(session, 't0WallMs') + skewMs) / 1000;
      const endServerS = (await client.serverTimeMs()) / 1000;
      const asked = { t0ServerS, endServerS, evaluations, expected: [alert], alert };
      const alerts = await askAlerts(client, asked);
      if (alerts === undefined) return undefined;
      return {
        alerts,
        everyS: slowestS(evaluations, [alert]),
        evaluated: isEvaluated(evaluations, alert),
        active: activeNow(evaluations, alert),
      };
    } catch {
      return undefined; // asked again at the next look
    }
  };
}
