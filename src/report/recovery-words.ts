import { formatSeconds, oneLine } from './format.ts';
import type { FaultResult, Report } from './types.ts';

type Stage = NonNullable<FaultResult['notSeen']>[number]['stage'];

const stageWords: Record<Stage, { long: string; short: string; found: string }> = {
  removed: {
    long: 'fault removed',
    short: 'removed',
    found: 'as squall took it back; a kill is over at once',
  },
  endpointReady: { long: 'endpoint answers again', short: 'answers', found: 'the first member that serves' },
  firstAccepted: {
    long: 'first item accepted',
    short: 'accepts',
    found: 'of requests sent after the removal, the first that was acknowledged',
  },
  drained: {
    long: 'backlog drained',
    short: 'drained',
    found: 'no more items inside the target than at the most before the fault',
  },
  p95Back: {
    long: 'P95 under its limit',
    short: 'P95 back',
    found: 'what was due from then on kept it, for three seconds at least',
  },
};
const stages = Object.keys(stageWords) as Stage[];

/** One stage of a recovery as tables show it; what was not reached says why in place of the time. */
export interface StageRow {
  name: string;
  /** How it was found. */
  found: string;
  at: string;
  /** Since the injection. */
  after: string;
  reason: string;
}

/** Stages in the order in which a target comes back; none of a fault that was not injected. */
export function stageRows(fault: FaultResult): StageRow[] {
  const { injectedS } = fault.observed;
  return stages.flatMap((stage): StageRow[] => {
    const { long: name, found } = stageWords[stage];
    const atS = fault.recovery[`${stage}S`];
    const reason = fault.notSeen?.find((one) => one.stage === stage)?.reason;
    if (atS === undefined) return reason === undefined ? [] : [{ name, found, at: '', after: '', reason }];
    const after = injectedS === null ? '' : `+${formatSeconds(atS - injectedS)}`;
    return [{ name, found, at: formatSeconds(atS), after, reason: '' }];
  });
}

/** One stage on its own: when after the injection, or that it was not seen; empty where nothing is known of it. */
export function stageCell(fault: FaultResult, stage: Stage): { value: string; bad: boolean } {
  const { injectedS } = fault.observed;
  const atS = fault.recovery[`${stage}S`];
  if (atS !== undefined && injectedS !== null)
    return { value: `+${formatSeconds(atS - injectedS)}`, bad: false };
  const missed = fault.notSeen?.some((one) => one.stage === stage) === true;
  return { value: missed ? 'not seen' : '', bad: missed };
}

/** The fault that took longest to come back from, in one line; empty where none was injected. */
export function recoveryLine(report: Report): string {
  const injected = report.faults.filter(({ recovery }) => recovery.removedS !== undefined);
  const slowest = injected.toSorted((a, b) => lengthOf(b) - lengthOf(a))[0];
  if (slowest === undefined) return '';
  const { recovery, notSeen = [] } = slowest;
  const removedS = recovery.removedS ?? 0;
  const parts = stages.slice(1).flatMap((stage) => {
    const atS = recovery[`${stage}S`];
    const word = stageWords[stage].short;
    if (atS !== undefined) return [`${word} +${formatSeconds(atS - removedS)}`];
    return notSeen.some((one) => one.stage === stage) ? [`${word}: not seen`] : [];
  });
  const of = injected.length > 1 ? ` (the slowest of ${injected.length} faults)` : '';
  return `${oneLine(slowest.name, 80)} removed at ${formatSeconds(removedS)}: ${parts.join(', ')}${of}`;
}

/** What never came is the longest; a limit on the P95 that nobody set is nothing to come back to. */
function lengthOf({ recovery, notSeen = [] }: FaultResult): number {
  if (notSeen.some(({ stage }) => stage !== 'p95Back' && stage !== 'drained'))
    return Number.POSITIVE_INFINITY;
  const times = stages.flatMap((stage) => recovery[`${stage}S`] ?? []);
  return Math.max(...times) - (recovery.removedS ?? 0);
}
