import type { LostInterval } from '../observe/ledger-types.ts';
import type { BackendOutage, BackendReport, WitnessReport } from '../report/backend-types.ts';
import type { VerdictFinding } from './findings.ts';
import { format } from './measured.ts';

/** What witnesses say, and how far outages of one backend reached another. */
export function backendFindings(backends: readonly BackendReport[]): VerdictFinding[] {
  return backends.flatMap(({ name, witness, outages }) => [
    ...(witness === undefined ? [] : [witnessFinding(name, witness)]),
    ...outages.flatMap((outage) => outageFinding(name, outage)),
  ]);
}

function witnessFinding(name: string, witness: WitnessReport): VerdictFinding {
  const { api, reason, acknowledged, found, missing, missingIntervals } = witness;
  if (reason !== undefined || acknowledged === null || found === null || missing === null)
    return {
      code: 'WITNESS-UNKNOWN',
      severity: 'warn',
      sentence: `It is not known which spans ${name} has: ${reason ?? 'none was acknowledged'}.`,
      next: 'squall explain code WITNESS-UNKNOWN',
    };
  const of = `Of ${format(acknowledged)} spans acknowledged in the run, the query API of ${name} (${api}) finds ${format(found)}`;
  if (missing === 0)
    return { code: 'WITNESS-WHOLE', severity: 'info', sentence: `${of}: all of them.`, next: '' };
  return {
    code: 'WITNESS-MISSING',
    severity: 'warn',
    sentence: `${of}; ${format(missing)} are missing, ${dueIn(missingIntervals)}.`,
    next: 'squall explain code WITNESS-MISSING',
  };
}

/** Such as "due 10.2 to 12.4 s (away)". */
export function dueIn(intervals: readonly LostInterval[]): string {
  const from = Math.min(...intervals.map(({ dueFromS }) => dueFromS));
  const to = Math.max(...intervals.map(({ dueToS }) => dueToS));
  const faults = [...new Set(intervals.flatMap(({ fault }) => (fault === undefined ? [] : [fault])))];
  return `due ${format(from)} to ${format(to)} s${faults.length === 0 ? '' : ` (${faults.join(', ')})`}`;
}

function outageFinding(name: string, outage: BackendOutage): VerdictFinding[] {
  const { fault, coupled, due } = outage;
  if (coupled === null) return [];
  const window = `during:${fault}`;
  if (!coupled)
    return [
      {
        code: 'BACKENDS-APART',
        severity: 'info',
        sentence: `The outage of ${name} (${fault}) left the sink's way untouched: all ${format(due)} items due in it arrived once, and no request waited for its end.`,
        window,
        next: '',
      },
    ];
  return [
    {
      code: 'BACKENDS-COUPLED',
      severity: 'warn',
      sentence: `The outage of ${name} (${fault}) reached the sink's way: of ${format(due)} items due in it ${strains(outage)}.`,
      window,
      next: 'squall explain code BACKENDS-COUPLED',
    },
  ];
}

/** Only what there was of it. */
export function strains(outage: BackendOutage): string {
  const parts: [number, string][] = [
    [outage.refused, 'were refused'],
    [outage.unknown, 'had no answer'],
    [outage.missed, 'could not be sent'],
    [outage.lost, 'were lost'],
    [outage.duplicated, 'arrived more than once'],
    [outage.retried, 'of its requests were sent again'],
    [outage.held, 'of its requests waited for its end'],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${format(count)} ${words}`)
    .join(', ');
}
