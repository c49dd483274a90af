import { type FaultRecord, requestClass } from '../observe/evidence.ts';
import type { Columns } from '../observe/ledger-types.ts';

/**
 * A one-shot fault (a kill) recovers with the first item accepted after it: the earliest acknowledged final answer not
 * before the killed member was ready again. Without a ready time it is the first answer to a request that was sent
 * after the kill, as answers already under way may still arrive behind it.
 */
export function withRecoveries(faults: readonly FaultRecord[], requests: readonly Columns[]): FaultRecord[] {
  return faults.map((fault) => {
    const { injectedNs, recoveredNs } = fault.observed;
    if (fault.intended.endNs !== undefined || injectedNs === undefined || recoveredNs !== undefined)
      return fault;
    const firstNs = firstAccepted(requests, injectedNs, fault.recovery.endpointReadyNs);
    if (firstNs === undefined) return fault;
    return {
      ...fault,
      observed: { ...fault.observed, recoveredNs: firstNs },
      recovery: { ...fault.recovery, firstAcceptedNs: firstNs },
    };
  });
}

function firstAccepted(
  requests: readonly Columns[],
  injectedNs: number,
  readyNs: number | undefined,
): number | undefined {
  let firstNs = Number.POSITIVE_INFINITY;
  for (const table of requests) {
    const kind = table.column('class');
    const sendNs = table.column('sendNs');
    const finalNs = table.column('finalNs');
    for (let i = 0; i < table.count; i++) {
      if (kind[i] !== requestClass.acknowledged) continue;
      const answeredNs = finalNs[i] as number;
      const after = readyNs === undefined ? (sendNs[i] as number) > injectedNs : answeredNs >= readyNs;
      if (after && answeredNs < firstNs) firstNs = answeredNs;
    }
  }
  return firstNs === Number.POSITIVE_INFINITY ? undefined : firstNs;
}
