import { anchorOf } from './anchor.ts';
import { alertRows, endedRows, faultFigures, firstFired, waitRows } from './fault-words.ts';
import { formatSeconds } from './format.ts';
import { stageCell, stageRows } from './recovery-words.ts';
import { percentileOf } from './slo-words.ts';
import type { Report } from './types.ts';

/** Lists are cut, never the page: report.json has all of it. */
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
    (slo) => slo.measure?.startsWith('ack_duration') === true && percentileOf(slo) === 95,
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

export function membersOf(fault: Fault): string {
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
