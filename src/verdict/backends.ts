import type { FaultRecord } from '../observe/evidence.ts';
import type { LedgerResult } from '../observe/ledger-types.ts';
import type { WitnessRecord } from '../observe/witness.ts';
import type { BackendOutage, BackendReport, WitnessReport } from '../report/backend-types.ts';
import { answerHistogram } from './duration-measure.ts';
import { type Facts, rowsIn, tally } from './facts.ts';
import { encodeNumber } from './judge-slo.ts';
import { lostIn } from './lost-items.ts';
import { whySinkIsBlind } from './sink-evidence.ts';
import { findWindow, type Window } from './windows.ts';

/** What a witness has, joined to what was offered. */
export interface WitnessLedger extends WitnessRecord {
  /** Absent with a reason. */
  ledger?: LedgerResult;
}

/** A request that answers at once is no sign of coupling; one that has waited this long for the end of an outage is, ns. */
const heldNs = 1e9;

/** Every backend that was asked or taken away. Pure. */
export function reportBackends(facts: Facts, witnesses: readonly WitnessLedger[]): BackendReport[] {
  const outages = facts.record.plan.faults.flatMap(({ spec }) => {
    const fault = facts.record.faults.find(({ name }) => name === spec.name);
    return spec.acts === 'backend' && spec.selector.member !== undefined && fault !== undefined
      ? [{ backend: spec.selector.member, outage: outageOf(facts, fault) }]
      : [];
  });
  const names = new Set([...witnesses, ...outages].map(({ backend }) => backend));
  return [...names].map((name) => {
    const witness = witnesses.find(({ backend }) => backend === name);
    return {
      name,
      ...(witness === undefined ? {} : { witness: witnessOf(witness) }),
      outages: outages.filter(({ backend }) => backend === name).map(({ outage }) => outage),
    };
  });
}

function witnessOf({ api, reason, ledger }: WitnessLedger): WitnessReport {
  const counts = ledger?.bySignal.traces;
  const unknown = reason ?? ledger?.unknown?.traces;
  const known = (value: number | undefined) => (unknown === undefined ? (value ?? null) : null);
  const { lost = 0, pending = 0, delivered = 0, recovered = 0 } = counts ?? {};
  return {
    api,
    ...(unknown === undefined ? {} : { reason: unknown }),
    acknowledged: counts?.acknowledged ?? null,
    found: known(delivered - recovered),
    missing: known(lost + pending),
    recovered: known(recovered),
    missingIntervals: unknown === undefined ? (counts?.lostIntervals ?? []) : [],
  };
}

function outageOf(facts: Facts, fault: FaultRecord): BackendOutage {
  const { name } = fault;
  const during = findWindow(facts.windows, `during:${name}`);
  const before = findWindow(facts.windows, `before:${name}`);
  const seen = strain(facts, fault, during);
  const usual = strain(facts, fault, before);
  const p95 = (window: Window | undefined) => {
    const rows = window === undefined ? new Int32Array() : rowsIn(facts, {}, window, 'measured');
    const ns = rows.length === 0 ? undefined : answerHistogram(facts, rows, 'due').percentile(95);
    return encodeNumber(ns === undefined ? null : ns / 1e6);
  };
  return {
    fault: name,
    ...conclude({ facts, fault, seen, usual }),
    ...seen,
    ackP95Ms: { before: p95(before), during: p95(during) },
  };
}

type Strain = Omit<BackendOutage, 'fault' | 'coupled' | 'reason' | 'ackP95Ms'>;

/** What of a window's load did not go the plain way to the sink. */
function strain(facts: Facts, fault: FaultRecord, window: Window | undefined): Strain {
  const { table } = facts;
  const rows = window === undefined ? new Int32Array() : rowsIn(facts, {}, window, 'ledger');
  const { due, refused, unknown, missedByTarget, duplicated } = tally(facts, rows);
  const endNs = fault.recovery.removedNs ?? Number.POSITIVE_INFINITY;
  const count = (is: (row: number) => boolean) => rows.reduce((sum, row) => sum + Number(is(row)), 0);
  return {
    due,
    refused,
    unknown,
    missed: missedByTarget,
    lost: window === undefined ? 0 : lostIn(facts, {}, window),
    duplicated,
    retried: count((row) => (table.attempts[row] ?? 1) > 1),
    held: count((row) => (table.dueNs[row] ?? 0) <= endNs - heldNs && (table.finalNs[row] ?? 0) > endNs),
  };
}

function conclude(of: {
  facts: Facts;
  fault: FaultRecord;
  seen: Strain;
  usual: Strain;
}): Pick<BackendOutage, 'coupled' | 'reason'> {
  const { facts, fault, seen, usual } = of;
  const blind = whySinkIsBlind(facts, {});
  if (!fault.verified) return { coupled: null, reason: `${fault.name} was not seen to act and to end` };
  if (seen.due === 0) return { coupled: null, reason: `nothing was due while ${fault.name} lasted` };
  if (blind !== undefined) return { coupled: null, reason: blind };
  if (strained(seen) === 0)
    return { coupled: false, reason: 'all that was due in it arrived once and at once' };
  if (strained(seen) / seen.due > strained(usual) / Math.max(1, usual.due))
    return {
      coupled: true,
      reason: "what the collectors' exporter could not hand over held up what the sink gets",
    };
  return { coupled: null, reason: 'the same was seen before it, and as often' };
}

function strained({ due: _, ...counts }: Strain): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
