import type { DrillStepRecord } from '../observe/drill-record.ts';
import { ranToEnd } from '../observe/evidence.ts';
import type { SloResult } from '../report/types.ts';
import type { DrillStep } from '../scenario/drill-spec.ts';
import { type AlertWatch, watchAlert } from './alert-watch.ts';
import type { Facts } from './facts.ts';
import type { Doubts } from './judge-slo.ts';
import { formatWithUnit } from './measured.ts';
import { whyBlind } from './promql-value.ts';
import { faultBounds } from './windows.ts';

type Expectation = DrillStep & { kind: 'expect' };
type Judged = Pick<SloResult, 'actual' | 'verdict' | 'reason'>;

/** The alerts that a drill expects, judged like SLOs: in seconds after the fault was in place, and after it was over. */
export function judgeDrill(facts: Facts, doubts: Doubts): SloResult[] {
  const steps = facts.record.plan.drill ?? [];
  return steps.flatMap((step, index) => {
    if (step.kind !== 'expect') return [];
    const { alert, fault, firesWithinMs, resolvesWithinMs } = step;
    const watch = watchOf(facts, step);
    const at: At = { facts, step, isDecided: isDecided(facts, index) };
    const result = (name: string, limitMs: number, judged: Judged): SloResult => ({
      name: `${alert} ${name} ${fault}`,
      source: 'prometheus',
      promql: `ALERTS{alertname=${JSON.stringify(alert)}}`,
      window: 'run',
      threshold: `value<=${limitMs / 1000}`,
      unit: 's',
      ...doubted(judged, doubts),
    });
    return [
      result('fires on', firesWithinMs, judgeFiring(at, watch)),
      ...(resolvesWithinMs === undefined
        ? []
        : [result('resolves after', resolvesWithinMs, judgeEnd(at, resolvesWithinMs, watch))]),
    ];
  });
}

interface At {
  facts: Facts;
  step: Expectation;
  /** The drill waited for it to the end; one that was cut short may have taken its fault back before its time. */
  isDecided: boolean;
}

function isDecided({ record }: Facts, index: number): boolean {
  return ranToEnd(record) || record.drill?.[index]?.toNs !== undefined;
}

/** It was begun: before that the plan knows only when it begins at the latest. */
export function hasBegun(drill: readonly DrillStepRecord[], fault: string): boolean {
  return stepOf(drill, fault)?.begunNs !== undefined;
}

/** Of the one step that begins a fault. */
function stepOf(drill: readonly DrillStepRecord[], fault: string): DrillStepRecord | undefined {
  return drill.find(({ step }) => step.kind === 'fault' && step.fault === fault);
}

/** What was seen, or why nothing could be. */
function watchOf(facts: Facts, { alert, fault }: Expectation): AlertWatch | string {
  const { record } = facts;
  const own = record.faults.find(({ name }) => name === fault);
  const { injectedNs, recoveredNs } = boundsOf(facts, fault);
  const begun = stepOf(record.drill ?? [], fault);
  if (injectedNs === undefined)
    return begun?.begunNs !== undefined && own !== undefined
      ? `${fault}: ${own.effect}`
      : `the drill did not get as far as ${fault}`;
  if (begun?.unevaluated?.includes(alert) === true)
    return `its rule was not seen to be evaluated before ${fault}: it may have been active already`;
  const { alerts } = record.prometheus;
  if (alerts === undefined) return 'the alerts of Prometheus could not be read';
  const later = record.faults.flatMap(({ observed }) =>
    observed.injectedNs !== undefined && observed.injectedNs > injectedNs ? observed.injectedNs : [],
  );
  return watchAlert(alerts, {
    alert,
    injectedS: injectedNs / 1e9,
    active: (begun?.active ?? []).flatMap((one) => (one.alert === alert ? one.labels : [])),
    ...(recoveredNs === undefined ? {} : { recoveredS: recoveredNs / 1e9 }),
    ...(later.length === 0 ? {} : { untilS: Math.min(...later) / 1e9 }),
  });
}

function judgeFiring(at: At, watch: AlertWatch | string): Judged {
  if (typeof watch === 'string') return unknown(watch);
  const { facts, step, isDecided } = at;
  const { alert, fault, firesWithinMs } = step;
  const limitS = firesWithinMs / 1000;
  const { fires } = watch;
  if (fires.kind === 'fired' && !isOfDrill(at, 'injectedNs', fires.afterS))
    return unknown('it fired after the drill was stopped and the load with it');
  if (fires.kind === 'fired') {
    const reason = `it fired ${formatWithUnit(fires.afterS, 's')} after ${fault} was in place`;
    return { actual: fires.afterS, verdict: fires.afterS <= limitS ? 'pass' : 'fail', reason };
  }
  if (fires.kind === 'before') return unknown(`it was active before ${fault}: it detects nothing of it`);
  const reason = notFired(facts, alert, fires);
  if (!isDecided) return unknown(`${reason}, and the drill ended before it had to`);
  const blind = whyBlind(facts);
  if (blind !== undefined) return unknown(`${reason}, but ${blind}`);
  if (facts.record.prometheus.matched === true)
    return unknown(
      `${reason}; alerts whose rules leave out the labels of target.prometheus.match are not seen`,
    );
  const watchedS = watchedUntilS(facts) - (boundsOf(facts, fault).injectedNs ?? 0) / 1e9;
  if (watchedS >= limitS) return { actual: 'Infinity', verdict: 'fail', reason };
  return unknown(`${reason}; it was watched for ${formatWithUnit(watchedS, 's')} only`);
}

function notFired({ record }: Facts, alert: string, fires: AlertWatch['fires']): string {
  if (fires.kind === 'pending')
    return `it was pending ${formatWithUnit(fires.afterS, 's')} after the fault and never fired: its rule waits longer (for) than its condition held`;
  const { rules } = record.prometheus;
  const own = rules?.find(({ kind, name }) => kind === 'alert' && name === alert);
  const failing = whyRuleFails({ record }, alert);
  if (failing !== undefined) return `it did not fire: ${failing}`;
  return rules === undefined || own !== undefined
    ? 'it did not fire'
    : 'it did not fire: the rules that Prometheus tells have no such alert';
}

function whyRuleFails({ record }: Pick<Facts, 'record'>, alert: string): string | undefined {
  const failed = record.prometheus.rules?.find(
    ({ kind, name, error }) => kind === 'alert' && name === alert && error !== undefined,
  );
  return failed === undefined ? undefined : `its rule failed (${failed.error})`;
}

/** What came after a drill was stopped is its teardown's doing: the fault is taken back and nothing is sent any more. */
function isOfDrill(
  { facts, step, isDecided }: At,
  since: 'injectedNs' | 'recoveredNs',
  afterS: number,
): boolean {
  const sinceNs = boundsOf(facts, step.fault)[since] ?? 0;
  return isDecided || sinceNs / 1e9 + afterS <= facts.record.settle.fromNs / 1e9;
}

function judgeEnd(at: At, resolvesWithinMs: number, watch: AlertWatch | string): Judged {
  if (typeof watch === 'string') return unknown(watch);
  const { facts, step, isDecided } = at;
  if (watch.fires.kind !== 'fired') return unknown('it did not fire, so nothing was to resolve');
  if (boundsOf(facts, step.fault).recoveredNs === undefined)
    return unknown(`${step.fault} was not seen to end`);
  const limitS = resolvesWithinMs / 1000;
  const { resolvedAfterS, activeAfterS } = watch;
  const blind = whyBlind(facts) ?? whyRuleFails(facts, step.alert);
  if (resolvedAfterS !== undefined && blind !== undefined) return unknown(`it seems resolved, but ${blind}`);
  if (resolvedAfterS !== undefined && !isOfDrill(at, 'recoveredNs', resolvedAfterS))
    return unknown('it resolved after the drill was stopped and the load with it');
  if (resolvedAfterS !== undefined) {
    const reason = `it resolved ${formatWithUnit(resolvedAfterS, 's')} after ${step.fault} was over`;
    return { actual: resolvedAfterS, verdict: resolvedAfterS <= limitS ? 'pass' : 'fail', reason };
  }
  if (activeAfterS === undefined || activeAfterS <= limitS)
    return unknown('that it resolved was not seen by the end of the run');
  const reason = `it was still firing ${formatWithUnit(activeAfterS, 's')} after ${step.fault} was over`;
  return isDecided ? { actual: 'Infinity', verdict: 'fail', reason } : unknown(reason);
}

function boundsOf(facts: Facts, fault: string) {
  const own = facts.record.faults.find(({ name }) => name === fault);
  return own === undefined ? {} : faultBounds(own, facts.table);
}

/** Alerts were read after settling, seconds from t = 0. */
function watchedUntilS({ record }: Facts): number {
  return record.settle.toNs / 1e9;
}

function unknown(reason: string): Judged {
  return { actual: null, verdict: 'unknown', reason };
}

/** Law 5; what an alert did before a drill was stopped is a fact. */
function doubted(judged: Judged, { voided }: Doubts): Judged {
  if (voided.length === 0 || judged.verdict === 'unknown') return judged;
  return { ...judged, verdict: 'unknown', reason: `${judged.reason}; does not count: ${voided.join('; ')}` };
}
