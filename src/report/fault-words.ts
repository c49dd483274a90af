import type { LostInterval } from '../observe/ledger-types.ts';
import { formatCount, formatSeconds, oneLine } from './format.ts';
import type { FaultResult } from './types.ts';

/** One figure of a fault and what it rests on; `bad`: not as one wants it. */
export interface FaultFigure {
  label: string;
  value: string;
  detail: string;
  bad: boolean;
}

/** What people ask of a fault first, in the words that page and Markdown share. */
export function faultFigures(fault: FaultResult): FaultFigure[] {
  return [detection(fault), recovered(fault), loss(fault), retried(fault)];
}

/** From the injection to the first alert that fires. */
function detection({ alerts, observed }: FaultResult): FaultFigure {
  const figure = (value: string, detail = '', bad = false) => ({
    label: 'time to detect',
    value,
    detail,
    bad,
  });
  if (alerts === undefined || observed.injectedS === null)
    return figure('not asked', 'no alert rule is known');
  const fired = firstFired({ alerts, observed });
  if (fired !== undefined) return figure(formatSeconds(fired.afterS), `${oneLine(fired.alert, 60)} fires`);
  const pending = alerts[0];
  return pending === undefined
    ? figure('no alert', 'none became pending or fired', true)
    : figure('no alert', `${oneLine(pending.alert, 60)} was pending and never fired`, true);
}

/** The first alert that fired after the injection; undefined without one, or where none is known. */
export function firstFired({
  alerts = [],
  observed: { injectedS },
}: Pick<FaultResult, 'alerts' | 'observed'>): { alert: string; afterS: number } | undefined {
  if (injectedS === null) return undefined;
  return alerts
    .flatMap(({ alert, firingS }) => (firingS === null ? [] : [{ alert, afterS: firingS - injectedS }]))
    .sort((a, b) => a.afterS - b.afterS)[0];
}

function recovered({ observed: { injectedS, recoveredS } }: FaultResult): FaultFigure {
  const label = 'time to recover';
  if (injectedS === null) return { label, value: 'not injected', detail: '', bad: true };
  if (recoveredS === null) return { label, value: 'not seen', detail: 'not seen to end', bad: true };
  return { label, value: formatSeconds(recoveredS - injectedS), detail: 'from its injection', bad: false };
}

function loss({ lost, lostAtMost, predicted }: FaultResult): FaultFigure {
  const detail = predicted === undefined ? '' : `predicted: at most ${formatCount(predicted.items)}`;
  const value = lostAtMost === undefined ? formatCount(lost) : `≤ ${formatCount(lostAtMost)}`;
  return { label: 'items lost', value, detail, bad: (lostAtMost ?? lost) > 0 };
}

/** Of a lost interval; several where any of them may be the cause. */
export function causesOf({ fault, orFaults = [] }: Pick<LostInterval, 'fault' | 'orFaults'>): string {
  return fault === undefined ? '' : [fault, ...orFaults].join(' or ');
}

function retried({ retries }: FaultResult): FaultFigure {
  const label = 'our own retries';
  if (retries === undefined) return { label, value: 'not known', detail: '', bad: false };
  const detail = `${formatCount(retries.retried)} of ${formatCount(retries.requests)} requests sent again`;
  return { label, value: formatCount(retries.retries), detail, bad: false };
}

/** One alert as tables show it. */
export interface AlertRow {
  alert: string;
  labels: string;
  /** Since the injection. */
  pending: string;
  firing: string;
  resolved: string;
}

/** Of the alerts that are told of this fault, in the order in which they became active. */
export function alertRows({ alerts = [], observed }: FaultResult): AlertRow[] {
  const since = (atS: number | null) => sinceInjection(observed, atS);
  return alerts.map(({ alert, labels, activeS, firingS, resolvedS }) => ({
    alert,
    labels,
    pending: activeS === firingS ? '' : since(activeS),
    firing: firingS === null ? 'never' : since(firingS),
    resolved: resolvedS === null ? 'not by the end' : since(resolvedS),
  }));
}

/** A pod that a disruption budget kept, as tables show it. */
export interface WaitRow {
  pod: string;
  budget: string;
  why: string;
  /** Since the injection. */
  from: string;
  length: string;
  end: string;
}

export function waitRows({ waits = [], observed }: FaultResult): WaitRow[] {
  return waits.map(({ pod, budget, why, fromS, lengthS, evicted }) => ({
    pod,
    budget,
    why,
    from: sinceInjection(observed, fromS),
    length: lengthS === null ? 'end not seen' : formatSeconds(lengthS),
    end: evicted ? 'evicted' : 'kept',
  }));
}

/** A pod that a fault ended, as tables show it. */
export interface EndedRow {
  pod: string;
  node: string;
  /** Since the injection. */
  told: string;
  gone: string;
  how: string;
  /** What it had accepted and not handed on, and how long before it was gone it said so. */
  items: string;
  before: string;
}

export function endedRows({ ended = [], observed }: FaultResult): EndedRow[] {
  return ended.map(({ pod, node, endingS, goneS, graceS, held }) => ({
    pod,
    node,
    told: sinceInjection(observed, endingS),
    gone: sinceInjection(observed, goneS),
    how: howItEnded({ endingS, goneS, graceS }),
    ...heldWords(held, goneS),
  }));
}

function howItEnded(end: Pick<Ended, 'endingS' | 'goneS' | 'graceS'>): string {
  const { endingS, goneS, graceS } = end;
  if (endingS === null) return 'it stayed';
  if (goneS === null) return 'not seen to be gone';
  const took = goneS - endingS;
  if (graceS === null) return `gone ${formatSeconds(took)} after it was told`;
  const grace = `${formatSeconds(graceS)} of grace`;
  return took < graceS ? `by itself, after ${formatSeconds(took)} of ${grace}` : `killed after its ${grace}`;
}

function heldWords(held: Ended['held'], goneS: number | null): Pick<EndedRow, 'items' | 'before'> {
  if (held === null) return { items: 'not known', before: 'it never answered' };
  const items = `${formatCount(held.items)} items`;
  if (held.atS === null || goneS === null) return { items, before: '' };
  return { items, before: `${formatSeconds(Math.max(0, goneS - held.atS))} before its end` };
}

type Ended = NonNullable<FaultResult['ended']>[number];

function sinceInjection({ injectedS }: FaultResult['observed'], atS: number | null): string {
  return atS === null || injectedS === null ? '' : `+${formatSeconds(Math.max(0, atS - injectedS))}`;
}
