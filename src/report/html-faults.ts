import { signals } from '../base/signal.ts';
import { anchorOf } from './anchor.ts';
import { alertRows, endedRows, faultFigures, firstFired, waitRows } from './fault-words.ts';
import { formatCount, formatSeconds, formatUnit } from './format.ts';
import { stageCell, stageRows } from './recovery-words.ts';
import { itemWord } from './sentences.ts';
import type { Report } from './types.ts';

/** Lists are cut, never the page: report.json has all of it. */
const intervalsMax = 50;
const membersMax = 12;
const alertsMax = 20;
const podsMax = 50;

type Fault = Report['faults'][number];

export function faultView(fault: Fault, number: number): Record<string, unknown> {
  const injected = fault.observed.injectedS;
  return {
    id: anchorOf('fault', number, fault.name),
    name: fault.name,
    kind: fault.kind,
    members: membersOf(fault),
    intended: spanOf(fault.intended.startS, fault.intended.endS),
    observed: observedOf(fault),
    delay: injected === null ? '' : `${formatSeconds(injected - fault.intended.startS)} after it was due`,
    verified: fault.verified,
    effect: fault.effect,
    figures: faultFigures(fault),
    alerts: alertRows(fault).slice(0, alertsMax),
    waits: waitRows(fault).slice(0, podsMax),
    ended: endedRows(fault).slice(0, podsMax),
    predictedWhy: fault.predicted?.why ?? '',
    stages: stageRows(fault),
    stagesNote: injected === null ? 'It was not injected, so there is nothing to recover from.' : '',
  };
}

/** Faults that the first screen has room for. */
const firstMax = 3;

/** For the first screen: was it noticed, and when did the target come back? Times since the injection. */
export function faultRows({ faults, slos }: Report): {
  rows: Record<string, unknown>[];
  hasLimit: boolean;
  more: number;
} {
  // A limit on the P95 that nobody set is nothing to come back to.
  const hasLimit = slos.some(
    ({ measure, threshold }) => measure?.startsWith('ack_duration') === true && /^\s*p\(95\)/.test(threshold),
  );
  const rows = faults.slice(0, firstMax).map((fault, i) => {
    const [detected, , lost] = faultFigures(fault);
    const fired = firstFired(fault);
    const injected = fault.observed.injectedS;
    const at = injected === null ? 'not injected' : `at ${formatSeconds(injected)}`;
    return {
      id: anchorOf('fault', i + 1, fault.name),
      name: fault.name,
      what: `${fault.kind} ${at}`,
      detected:
        fired === undefined
          ? { value: detected?.value ?? '', detail: '', bad: detected?.bad === true }
          : { value: `+${formatSeconds(fired.afterS)}`, detail: fired.alert, bad: false },
      accepts: stageCell(fault, 'firstAccepted'),
      drained: stageCell(fault, 'drained'),
      p95: stageCell(fault, 'p95Back'),
      lost,
    };
  });
  return { rows, hasLimit, more: Math.max(0, faults.length - firstMax) };
}

function membersOf(fault: Fault): string {
  const { members } = fault;
  const more = members.length - membersMax;
  return more > 0 ? `${members.slice(0, membersMax).join(', ')} and ${more} more` : members.join(', ');
}

function spanOf(from: number, to: number | null): string {
  return to === null
    ? `${formatSeconds(from)}, at once (nothing to remove)`
    : `${formatSeconds(from)} to ${formatSeconds(to)}`;
}

function observedOf(fault: Fault): string {
  const { injectedS, recoveredS } = fault.observed;
  if (injectedS === null) return 'not seen';
  return `${formatSeconds(injectedS)} to ${recoveredS === null ? 'not seen to end' : formatSeconds(recoveredS)}`;
}

export function lostView(report: Report): Record<string, unknown> {
  const all = signals.flatMap((signal) => report.ledger[signal]?.lostIntervals ?? []);
  return {
    count: all.length,
    cut: all.length > intervalsMax,
    total: formatUnit(all.length, 'intervals'),
    shown: Math.min(all.length, intervalsMax),
    byFault: lostByFault(report),
    rows: all.slice(0, intervalsMax).map((lost) => ({
      load: lost.load,
      worker: String(lost.worker),
      sequence: `${lost.from} to ${lost.to}`,
      count: formatCount(lost.count),
      due: `${formatSeconds(lost.dueFromS)} to ${formatSeconds(lost.dueToS)}`,
      fault: lost.fault ?? '',
      ambiguous: lost.ambiguous === undefined ? '' : `${formatCount(lost.ambiguous)} of them were rejected`,
    })),
  };
}

/** Lost items under the fault that explains them and the members it acted on; the unexplained last. */
function lostByFault(report: Report): Record<string, string>[] {
  const groups = new Map<
    string,
    { signal: string; fault: string; items: number; intervals: number; from: number; to: number }
  >();
  for (const signal of signals) {
    for (const lost of report.ledger[signal]?.lostIntervals ?? []) {
      const key = `${signal} ${lost.fault ?? ''}`;
      const known = groups.get(key);
      const items = lost.count - (lost.ambiguous ?? 0);
      groups.set(key, {
        signal: itemWord[signal],
        fault: lost.fault ?? '',
        items: (known?.items ?? 0) + items,
        intervals: (known?.intervals ?? 0) + 1,
        from: Math.min(known?.from ?? lost.dueFromS, lost.dueFromS),
        to: Math.max(known?.to ?? lost.dueToS, lost.dueToS),
      });
    }
  }
  const members = new Map(report.faults.map((fault) => [fault.name, membersOf(fault)]));
  return [...groups.values()]
    .sort((a, b) => Number(a.fault === '') - Number(b.fault === '') || b.items - a.items)
    .slice(0, intervalsMax)
    .map((group) => ({
      fault: group.fault === '' ? 'no fault explains it' : group.fault,
      members: members.get(group.fault) ?? '',
      signal: group.signal,
      items: formatCount(group.items),
      intervals: formatCount(group.intervals),
      due: `${formatSeconds(group.from)} to ${formatSeconds(group.to)}`,
    }));
}
