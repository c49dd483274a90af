import type { AlertRecord } from '../observe/alert-record.ts';
import { requestClass } from '../observe/evidence.ts';
import type { FaultResult } from '../report/types.ts';
import type { Facts } from './facts.ts';
import { type FaultBounds, faultBounds } from './windows.ts';

/** What was seen of a fault besides its effect: the alerts that became active, and what our own retries cost. */
export type FaultWatch = Pick<FaultResult, 'alerts' | 'retries'>;

/**
 * By fault. An alert is told of the fault that was injected last before it became active: one that was active already
 * detects nothing, and what comes after the next fault may be the next fault's. Without rules there is no `alerts`.
 */
export function watchFaults(facts: Facts): Map<string, FaultWatch> {
  const bounds = facts.record.faults.map((fault) => ({
    name: fault.name,
    bounds: faultBounds(fault, facts.table),
  }));
  const { alerts } = facts.record.prometheus;
  const toldOf = new Map<string, AlertRecord[]>();
  for (const alert of alerts ?? []) {
    const before = bounds.filter(
      ({ bounds: { injectedNs = Infinity } }) => injectedNs / 1e9 <= alert.activeS,
    );
    const last = before.sort((a, b) => (b.bounds.injectedNs ?? 0) - (a.bounds.injectedNs ?? 0))[0];
    if (last !== undefined) toldOf.set(last.name, [...(toldOf.get(last.name) ?? []), alert]);
  }
  return new Map(
    bounds.map(({ name, bounds: own }): [string, FaultWatch] => [
      name,
      {
        ...(alerts === undefined || own.injectedNs === undefined
          ? {}
          : { alerts: (toldOf.get(name) ?? []).map(alertResult) }),
        ...retriesIn(facts, own),
      },
    ]),
  );
}

function alertResult({ alert, labels, activeS, firingS, endS }: AlertRecord) {
  return { alert, labels, activeS, firingS: firingS ?? null, resolvedS: endS ?? null };
}

/** Of the requests that were due or not yet answered while the fault was in place. */
function retriesIn({ table }: Facts, { injectedNs, recoveredNs = Infinity }: FaultBounds): FaultWatch {
  if (injectedNs === undefined) return {};
  const sum = { requests: 0, retried: 0, retries: 0 };
  for (let i = 0; i < table.count; i++) {
    const dueNs = table.dueNs[i] ?? Number.NaN;
    const missed =
      table.kind[i] === requestClass.missedByGenerator || table.kind[i] === requestClass.missedByTarget;
    const endNs = table.finalNs[i] ?? Number.NaN;
    if (missed || !(dueNs <= recoveredNs) || (dueNs <= injectedNs && !(endNs > injectedNs))) continue;
    const more = Math.max(0, (table.attempts[i] ?? 1) - 1);
    sum.requests++;
    sum.retries += more;
    if (more > 0) sum.retried++;
  }
  return { retries: sum };
}
