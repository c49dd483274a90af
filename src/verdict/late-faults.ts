import { formatDuration } from '../base/units.ts';
import type { FaultRecord } from '../observe/evidence.ts';
import type { VerdictFinding } from './findings.ts';

/** Faults that lasted longer than they should, as what undoes them failed at first. */
export function lateFaultFindings(faults: readonly FaultRecord[]): VerdictFinding[] {
  return faults.flatMap((fault): VerdictFinding[] => {
    const { tries, name, kind } = fault;
    if (tries === undefined) return [];
    return [
      {
        code: 'FAULT-ENDED-LATE',
        severity: 'warn',
        sentence: `Fault ${name} (${kind}) ${endOf(fault)}: ${tries.why}.`,
        window: `during:${name}`,
        next: 'squall explain code FAULT-ENDED-LATE',
      },
    ];
  });
}

function endOf({ tries, intended: { endNs }, recovery: { removedNs } }: FaultRecord): string {
  const failed = tries?.count === 1 ? 'one try failed' : `${tries?.count} tries failed`;
  if (removedNs === undefined) return `was not undone by this run, ${failed}`;
  const lateMs = Math.max(0, removedNs - (endNs ?? removedNs)) / 1e6;
  return `was undone ${formatDuration(Math.round(lateMs / 100) * 100)} after its time, ${failed}`;
}
