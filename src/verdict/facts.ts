import type { Signal } from '../base/signal.ts';
import { type RunRecord, requestClass } from '../observe/evidence.ts';
import type { LedgerResult } from '../observe/ledger-types.ts';
import type { EntryPlan } from '../plan/types.ts';
import type { Deliveries } from './deliveries.ts';
import { maskOf, type RequestTable, wasOffered } from './request-table.ts';
import { contains, entryEndNs, ledgerContains, type Window } from './windows.ts';

/** Everything the judge reads, tabulated once. */
export interface Facts {
  record: RunRecord;
  expect: Partial<Record<Signal, { ratio: number; within: number }>>;
  table: RequestTable;
  /** By row of the table, see PeerRecord; absent in records from before it was kept. */
  peerOf?: Int32Array;
  deliveries: Deliveries;
  ledger: LedgerResult;
  windows: Window[];
}

/** The part of the load that a measure is about; empty: all of it. */
export interface Scope {
  signal?: Signal;
  load?: string;
}

/** Items due in a window by where they ended, as far as requests and arrivals tell. */
export interface Tally {
  requests: number;
  due: number;
  missed: number;
  missedByGenerator: number;
  missedByTarget: number;
  offered: number;
  acknowledged: number;
  rejected: number;
  refused: number;
  unknown: number;
  delivered: number;
  duplicated: number;
}

export function inScope(entry: EntryPlan | undefined, scope: Scope): boolean {
  if (entry === undefined) return false;
  if (scope.signal !== undefined && entry.spec.signal !== scope.signal) return false;
  return scope.load === undefined || entry.spec.name === scope.load;
}

export function entriesInScope(facts: Facts, scope: Scope): { entry: EntryPlan; endNs: number }[] {
  return facts.record.plan.entries
    .map((entry, index) => ({ entry, endNs: entryEndNs(entry, index, facts.table) }))
    .filter(({ entry }) => inScope(entry, scope));
}

/** Rows of the table in scope and due in the window; `ledger` reaches into the warmup. */
export function rowsIn(facts: Facts, scope: Scope, window: Window, reach: 'measured' | 'ledger'): Int32Array {
  const wanted = facts.record.plan.entries.map((entry) => inScope(entry, scope));
  const inside = reach === 'ledger' ? ledgerContains : contains;
  const rows = new Int32Array(facts.table.count);
  let found = 0;
  for (let i = 0; i < facts.table.count; i++)
    if (wanted[facts.table.entry[i] ?? -1] === true && inside(window, facts.table.dueNs[i] ?? Number.NaN))
      rows[found++] = i;
  return 2 * found > rows.length ? rows.subarray(0, found) : rows.slice(0, found);
}

export function tally(facts: Facts, rows: Int32Array): Tally {
  const { table, deliveries } = facts;
  const sum: Tally = {
    requests: rows.length,
    due: 0,
    missed: 0,
    missedByGenerator: 0,
    missedByTarget: 0,
    offered: 0,
    acknowledged: 0,
    rejected: 0,
    refused: 0,
    unknown: 0,
    delivered: 0,
    duplicated: 0,
  };
  for (const i of rows) {
    const items = table.items[i] ?? 0;
    const kind = table.kind[i];
    sum.due += items;
    sum.delivered += deliveries.deliveredOf[i] ?? 0;
    sum.duplicated += deliveries.repeatedOf[i] ?? 0;
    if (wasOffered(kind)) sum.offered += items;
    else sum.missed += items;
    if (kind === requestClass.missedByGenerator) sum.missedByGenerator += items;
    if (kind === requestClass.missedByTarget) sum.missedByTarget += items;
    if (kind === requestClass.refused) sum.refused += items;
    if (kind === requestClass.unknown) sum.unknown += items;
    if (kind !== requestClass.acknowledged) continue;
    const rejected = Math.min(items, Math.max(0, table.rejected[i] ?? 0) || 0);
    sum.rejected += rejected;
    sum.acknowledged += items - rejected;
  }
  return sum;
}

/** Items delivered more than their entry's lateAfter after they were due. */
export function lateIn(facts: Facts, rows: Int32Array): number {
  const { table, deliveries } = facts;
  const wanted = maskOf(table, rows);
  let late = 0;
  for (let j = 0; j < deliveries.count; j++) {
    const row = deliveries.request[j] ?? -1;
    if (wanted[row] !== 1) continue;
    const limitMs = facts.record.plan.entries[table.entry[row] ?? -1]?.spec.lateAfterMs;
    const delayNs = (deliveries.arrivalNs[j] ?? 0) - (table.dueNs[row] ?? 0);
    if (limitMs !== undefined && delayNs > limitMs * 1e6) late += deliveries.items[j] ?? 0;
  }
  return late;
}
