import type { FaultRecord } from '../observe/evidence.ts';
import type { FaultResult } from '../report/types.ts';
import { drainedNs } from './drained.ts';
import type { Facts } from './facts.ts';
import { type HeldItems, heldItems } from './held-items.ts';
import { latencyBackNs, latencyLimits } from './latency-back.ts';
import { faultBounds, firstAcceptedNs } from './windows.ts';

/** In the order in which a target comes back. */
export const recoveryStages = ['removed', 'endpointReady', 'firstAccepted', 'drained', 'p95Back'] as const;
export type RecoveryStage = (typeof recoveryStages)[number];

/** When each stage was reached, ns from t = 0, and why one was not. A stage is in one of the two, if it was injected. */
export interface Recovery {
  atNs: Partial<Record<RecoveryStage, number>>;
  notSeen: { stage: RecoveryStage; reason: string }[];
}

/**
 * How the target came back from each fault: fault removed, endpoint ready, first item accepted, what had piled up
 * drained, P95 under its limit. From the evidence alone, so for every target alike; no stage lies before the removal.
 */
export function recoveries(facts: Facts): Map<string, Recovery> {
  const { record } = facts;
  const found = new Map<string, Recovery>();
  if (record.faults.length === 0) return found;
  const held = record.sink === 'none' ? undefined : heldItems(facts.table, facts.deliveries);
  const injected = (fault: FaultRecord) => fault.observed.injectedNs ?? Number.POSITIVE_INFINITY;
  const disturbed: Stretch[] = [];
  for (const fault of record.faults.toSorted((a, b) => injected(a) - injected(b))) {
    const recovery = recover(facts, fault, { held, disturbed });
    found.set(fault.name, recovery);
    const toNs = recovery.atNs.drained ?? Number.POSITIVE_INFINITY;
    disturbed.push({ fromNs: injected(fault), toNs });
  }
  return found;
}

/** As the report has it: seconds, and reasons by stage. */
export function recoveryResult(recovery: Recovery | undefined): Pick<FaultResult, 'recovery' | 'notSeen'> {
  const entries = Object.entries(recovery?.atNs ?? {}).map(([stage, ns]) => [`${stage}S`, ns / 1e9]);
  const notSeen = recovery?.notSeen ?? [];
  return { recovery: Object.fromEntries(entries), ...(notSeen.length === 0 ? {} : { notSeen }) };
}

interface Stretch {
  fromNs: number;
  toNs: number;
}

interface Surroundings {
  /** Undefined without a sink. */
  held: HeldItems | undefined;
  /** By earlier faults, until what they had piled up was drained. */
  disturbed: readonly Stretch[];
}

function recover(facts: Facts, fault: FaultRecord, around: Surroundings): Recovery {
  const recovery: Recovery = { atNs: {}, notSeen: [] };
  const { injectedNs } = fault.observed;
  if (injectedNs === undefined) return recovery;
  const put = (stage: RecoveryStage, ns: number | undefined, reason: string) => {
    if (ns === undefined) recovery.notSeen.push({ stage, reason });
    else recovery.atNs[stage] = ns;
    return ns;
  };
  // What happens at an instant needs no removal.
  const isOneShot = fault.intended.endNs === undefined;
  const removedNs = put(
    'removed',
    fault.recovery.removedNs ?? (isOneShot ? injectedNs : undefined),
    'its removal was not seen',
  );
  if (removedNs === undefined) return recovery;
  const notBefore = (ns: number | undefined) => (ns === undefined ? undefined : Math.max(ns, removedNs));
  const readyNs = fault.recovery.endpointReadyNs ?? (isOneShot ? undefined : fault.observed.recoveredNs);
  put('endpointReady', notBefore(readyNs), 'no member was seen to serve again');
  const acceptedNs = put(
    'firstAccepted',
    notBefore(fault.recovery.firstAcceptedNs ?? firstAcceptedNs(facts.table, removedNs)),
    'no request sent after the removal was acknowledged',
  );
  const sinceNs = acceptedNs ?? removedNs;
  const drained = drain(facts, fault, { ...around, injectedNs, sinceNs });
  put('drained', drained.ns, drained.reason);
  const back = latencyBack(facts, sinceNs);
  put('p95Back', back.ns, back.reason);
  return recovery;
}

interface Found {
  ns: number | undefined;
  reason: string;
}

/** As few items held as at the most before the fault; without a sink by the queues that Prometheus saw. */
function drain(
  facts: Facts,
  fault: FaultRecord,
  around: Surroundings & { injectedNs: number; sinceNs: number },
): Found {
  const { held, injectedNs, sinceNs } = around;
  if (held === undefined) {
    const ns = drainedNs(facts.record.prometheus.series, faultBounds(fault, facts.table));
    return { ns, reason: 'there is no sink, and no queue was scraped that came back' };
  }
  const pending = Object.values(facts.ledger.bySignal).reduce((sum, counts) => sum + counts.pending, 0);
  if (pending > 0) return { ns: undefined, reason: `${pending} items had not arrived when settling ended` };
  const quiet = quietBefore(injectedNs, around.disturbed);
  const most = quiet.reduce((max, { fromNs, toNs }) => Math.max(max, held.most(fromNs, toNs)), 0);
  return { ns: held.firstAtMost(most, sinceNs), reason: '' };
}

/** The time before `endNs` that lies in none of the stretches, which are ordered by their beginnings. */
function quietBefore(endNs: number, stretches: readonly Stretch[]): Stretch[] {
  const quiet: Stretch[] = [];
  let fromNs = Number.NEGATIVE_INFINITY;
  for (const stretch of stretches) {
    if (stretch.fromNs > fromNs) quiet.push({ fromNs, toNs: Math.min(stretch.fromNs, endNs) });
    fromNs = Math.max(fromNs, stretch.toNs);
  }
  if (fromNs < endNs) quiet.push({ fromNs, toNs: endNs });
  return quiet;
}

/** Of several limits, the one that is kept last. */
function latencyBack(facts: Facts, sinceNs: number): Found {
  const limits = latencyLimits(facts);
  if (limits.length === 0) return { ns: undefined, reason: 'no SLO limits the p(95) of ack_duration' };
  const times = limits.map((limit) => latencyBackNs(facts, limit, sinceNs));
  const over = limits.find((_, index) => times[index] === undefined);
  if (over !== undefined)
    return {
      ns: undefined,
      reason: `nothing due after it kept ${over.threshold.text} to the end of the load`,
    };
  return { ns: Math.max(...times.filter((ns) => ns !== undefined)), reason: '' };
}
