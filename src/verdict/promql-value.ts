import type { SloResult } from '../report/types.ts';
import type { SloSpec, ThresholdSpec } from '../scenario/types.ts';
import type { Facts } from './facts.ts';
import { format, type Measured, none } from './measured.ts';
import { type Window, whyEmpty } from './windows.ts';

/** Scrapes that must be there: they fail exactly when the target starves, and then the rest flatters it. */
export const coverageMin = 0.9;
/** Beyond this, a window of squall's clock and one of Prometheus's are not the same stretch of time. */
export const skewMsMax = 1000;

/** The question as Prometheus was asked it, and what it said. */
export type Asked = Pick<SloResult, 'query' | 'askedAtS' | 'annotations' | 'raw'>;

/** What Prometheus answered for this SLO, or why its answer does not count. */
export function promqlValue(
  facts: Facts,
  question: { slo: SloSpec; threshold: ThresholdSpec; window: Window },
): Measured & Asked {
  const { slo, threshold, window } = question;
  const { prometheus } = facts.record;
  if (!prometheus.available) return none('no Prometheus was there to ask');
  if (!(window.toNs > window.fromNs)) return none(whyEmpty(window.name));
  const answer = prometheus.answers.find(
    (one) => one.for === slo.name && (one.threshold === undefined || one.threshold === threshold.text),
  );
  if (answer === undefined) return none('Prometheus was not asked');
  const asked: Asked = {
    query: answer.query,
    askedAtS: answer.atS,
    ...(answer.annotations.length === 0 ? {} : { annotations: answer.annotations }),
    raw: answer.raw,
  };
  const blind = whyBlind(facts);
  if (blind !== undefined) return { ...none(blind), ...asked };
  if (answer.value === null || !Number.isFinite(answer.value))
    return { ...none(answer.reason ?? 'Prometheus gave no number'), ...asked };
  const notes = answer.annotations.length === 0 ? '' : `; Prometheus notes: ${answer.annotations.join('; ')}`;
  return { value: answer.value, reason: `at ${format(answer.atS)} s${notes}`, ...asked };
}

/** Why no number of this Prometheus counts in this run. */
export function whyBlind(facts: Facts): string | undefined {
  const { coverage, skewMs } = facts.record.prometheus;
  if (coverage === null) return 'no scrape of the target was found in the run';
  if (coverage < coverageMin)
    return `only ${format(coverage * 100)} % of the scrapes are there, ${coverageMin * 100} % are needed`;
  if (skewMs !== null && Math.abs(skewMs) > skewMsMax)
    return `the clock of Prometheus is ${format(skewMs)} ms off, ${skewMsMax} ms are allowed`;
  return undefined;
}
