import type { AlertRecord } from './alert-record.ts';
import type { PrometheusSeries } from './prometheus.ts';

/** A page that nobody reads to its end; the first ones are kept. */
const alertsMax = 500;
/** In evaluations: a busy Prometheus misses one now and then without the alert having ended. */
const gapMax = 2.5;

/**
 * Alerts out of the samples of ALERTS: Prometheus writes one at every evaluation of a rule for each alert that is
 * pending or firing, under that state, and none for one that is not. A stretch of samples is one alert.
 */
export function readAlerts(
  series: readonly PrometheusSeries[],
  when: { toRunS(serverS: number): number; endServerS: number; intervalS: number },
): AlertRecord[] {
  const stepS = evaluationS(series) ?? when.intervalS;
  return [...byAlert(series).values()]
    .flatMap(({ alert, labels, samples }) =>
      stretches(samples, gapMax * stepS).map((stretch): AlertRecord => {
        const last = stretch.at(-1)?.[0] ?? 0;
        const firing = stretch.find(([, state]) => state === 'firing')?.[0];
        return {
          alert,
          labels,
          activeS: when.toRunS(stretch[0]?.[0] ?? 0),
          ...(firing === undefined ? {} : { firingS: when.toRunS(firing) }),
          ...(when.endServerS - last > gapMax * stepS ? { endS: when.toRunS(last + stepS) } : {}),
        };
      }),
    )
    .sort((a, b) => a.activeS - b.activeS)
    .slice(0, alertsMax);
}

type Sample = [serverS: number, state: string];

/** Samples of all states of one alert, in order. */
function byAlert(series: readonly PrometheusSeries[]) {
  const found = new Map<string, { alert: string; labels: string; samples: Sample[] }>();
  for (const { labels, points } of series) {
    const { __name__: _, alertname = '', alertstate = '', ...others } = labels;
    const text = Object.entries(others)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(', ');
    const key = `${alertname}\n${text}`;
    const known = found.get(key) ?? { alert: alertname, labels: text, samples: [] };
    for (const [at] of points) known.samples.push([at, alertstate]);
    found.set(key, known);
  }
  for (const { samples } of found.values()) samples.sort(([a], [b]) => a - b);
  return found;
}

function stretches(samples: readonly Sample[], gapS: number): Sample[][] {
  const found: Sample[][] = [];
  for (const sample of samples) {
    const open = found.at(-1);
    const last = open?.at(-1)?.[0];
    if (open === undefined || last === undefined || sample[0] - last > gapS) found.push([sample]);
    else open.push(sample);
  }
  return found;
}

/** The least distance of two samples of one series: rules are evaluated at a fixed interval. */
function evaluationS(series: readonly PrometheusSeries[]): number | undefined {
  let least: number | undefined;
  for (const { points } of series)
    points.forEach(([at], i) => {
      const before = points[i - 1]?.[0];
      if (before !== undefined && at > before) least = Math.min(least ?? at - before, at - before);
    });
  return least;
}
