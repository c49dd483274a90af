import type { AlertRecord } from './alert-record.ts';
import type { PrometheusSeries } from './prometheus.ts';

/** A page that nobody reads to its end; the first ones are kept, and all that are asked for by name. */
const alertsMax = 500;
/** In evaluations: a busy Prometheus misses one now and then without the alert having ended. */
const gapMax = 2.5;
/** evaluation_interval where a Prometheus says nothing else, s. */
export const evaluationDefaultS = 60;

/**
 * Alerts out of the samples of ALERTS: Prometheus writes one at every evaluation of a rule for each alert that is
 * pending or firing, under that state, and none for one that is not. A stretch of samples is one alert.
 */
export function readAlerts(
  series: readonly PrometheusSeries[],
  when: {
    toRunS(serverS: number): number;
    endServerS: number;
    /** How often the rules of an alert are evaluated, s, where that is known. */
    everyS?(alert: string): number | undefined;
    keep?: ReadonlySet<string>;
    /**
     * Until when the rules of an alert are known to have been evaluated without an error, by that clock; -Infinity: they
     * fail. Undefined: not known, and silence for a few evaluations is taken for the end.
     */
    evaluatedServerS?(alert: string): number | undefined;
  },
): AlertRecord[] {
  const found = [...byAlert(series).values()]
    .flatMap(({ alert, labels, samples }) => {
      const stepS = when.everyS?.(alert) ?? evaluationS(series, alert) ?? evaluationDefaultS;
      const evaluatedS = when.evaluatedServerS?.(alert);
      const newest = samples.at(-1)?.[0] ?? 0;
      const isOver = (last: number) =>
        last < newest || evaluatedS === undefined
          ? when.endServerS - last > gapMax * stepS
          : evaluatedS > last + stepS / 2;
      return stretches(samples, gapMax * stepS).map((stretch): AlertRecord => {
        const last = stretch.at(-1)?.[0] ?? 0;
        const firing = stretch.find(([, state]) => state === 'firing')?.[0];
        return {
          alert,
          labels,
          activeS: when.toRunS(stretch[0]?.[0] ?? 0),
          ...(firing === undefined ? {} : { firingS: when.toRunS(firing) }),
          lastS: when.toRunS(last),
          ...(isOver(last) ? { endS: when.toRunS(last + stepS) } : {}),
        };
      });
    })
    // Of what had ended before the run nothing is to be said.
    .filter(({ endS }) => endS === undefined || endS > 0)
    .sort((a, b) => a.activeS - b.activeS);
  const isKept = ({ alert }: AlertRecord) => when.keep?.has(alert) === true;
  const others = new Set(found.filter((one) => !isKept(one)).slice(0, alertsMax));
  return found.filter((one) => isKept(one) || others.has(one));
}

type Sample = [serverS: number, state: string];

/** Samples of all states of one alert, in order. */
function byAlert(series: readonly PrometheusSeries[]) {
  const found = new Map<string, { alert: string; labels: string; samples: Sample[] }>();
  for (const { labels, points } of series) {
    const { alertname = '', alertstate = '' } = labels;
    const text = alertLabels(labels);
    const key = `${alertname}\n${text}`;
    const known = found.get(key) ?? { alert: alertname, labels: text, samples: [] };
    for (const [at] of points) known.samples.push([at, alertstate]);
    found.set(key, known);
  }
  for (const { samples } of found.values()) samples.sort(([a], [b]) => a - b);
  return found;
}

/** As AlertRecord has them: without what every alert has. */
export function alertLabels(labels: Readonly<Record<string, string>>): string {
  const { __name__: _, alertname: __, alertstate: ___, ...others } = labels;
  return Object.entries(others)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
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

/** The least distance of two samples of one series of an alert: its rules are evaluated at a fixed interval. */
function evaluationS(series: readonly PrometheusSeries[], alert: string): number | undefined {
  let least: number | undefined;
  for (const { labels, points } of series)
    for (const [i, [at]] of labels.alertname === alert ? points.entries() : []) {
      const before = points[i - 1]?.[0];
      if (before !== undefined && at > before) least = Math.min(least ?? at - before, at - before);
    }
  return least;
}
