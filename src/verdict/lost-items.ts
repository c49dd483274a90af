import type { LostInterval } from '../observe/ledger-types.ts';
import { firstEndingAfter, rowsByStream } from './deliveries.ts';
import { type Facts, inScope, type Scope } from './facts.ts';
import { format } from './measured.ts';
import type { RequestTable } from './request-table.ts';
import { faultBounds, ledgerContains, type Window } from './windows.ts';

export function lostIntervals(facts: Facts): LostInterval[] {
  return Object.values(facts.ledger.bySignal).flatMap((counts) => counts?.lostIntervals ?? []);
}

/** Such as "kill", or "55,000 outage, 34,500 after outage" where there are several places. */
export function lostByPlace(facts: Facts, intervals: LostInterval[]): string {
  const places = new Map<string, LostInterval[]>();
  for (const interval of intervals) {
    const { fault, orFaults = [] } = interval;
    const place = fault === undefined ? placeOutside(facts, interval) : [fault, ...orFaults].join(' or ');
    places.set(place, [...(places.get(place) ?? []), interval]);
  }
  if (places.size === 1) return [...places.keys()].join();
  return [...places].map(([place, own]) => `${format(sumLost(facts, own))} ${place}`).join(', ');
}

function placeOutside(facts: Facts, interval: LostInterval): string {
  const before = facts.record.faults
    .map((fault) => ({ name: fault.name, atNs: faultBounds(fault, facts.table).injectedNs }))
    .filter(({ atNs }) => atNs !== undefined && atNs / 1e9 <= interval.dueToS)
    .sort((a, b) => (b.atNs ?? 0) - (a.atNs ?? 0));
  return before[0] === undefined ? 'outside every fault' : `after ${before[0].name}`;
}

/** Lost items in scope that were due in the window. */
export function lostIn(facts: Facts, scope: Scope, window: Window): number {
  const intervals = lostIntervals(facts).filter(({ load }) =>
    inScope(
      facts.record.plan.entries.find(({ spec }) => spec.name === load),
      scope,
    ),
  );
  return sumLost(facts, intervals, window);
}

/**
 * Lost items of these intervals. Ambiguous ones are candidates: of all of one request's, n were rejected, so n are
 * taken off once per request, however many gaps it has.
 */
export function sumLost(facts: Facts, intervals: LostInterval[], window?: Window): number {
  if (intervals.length === 0) return 0;
  const rowsOf = rowsByStream(facts.table);
  const doubtful = new Map<string, { candidates: number; rejected: number }>();
  let lost = 0;
  for (const interval of intervals) {
    const entry = facts.record.plan.entries.find(({ spec }) => spec.name === interval.load);
    const stream = entry?.streams[interval.worker] ?? -1;
    const rows = rowsOf.get(stream) ?? new Int32Array();
    const items = window === undefined ? interval.count : dueIn(facts.table, rows, { interval, window });
    if (interval.ambiguous === undefined) {
      lost += items;
      continue;
    }
    const request = rows[firstEndingAfter(facts.table, rows, interval.from)] ?? -1;
    const known = doubtful.get(`${stream}/${request}`) ?? { candidates: 0, rejected: interval.ambiguous };
    known.candidates += items;
    doubtful.set(`${stream}/${request}`, known);
  }
  for (const { candidates, rejected } of doubtful.values()) lost += Math.max(0, candidates - rejected);
  return lost;
}

/** Sequences of the interval whose request was due in the window. */
function dueIn(
  table: RequestTable,
  rows: Int32Array,
  of: { interval: LostInterval; window: Window },
): number {
  const { interval, window } = of;
  const end = interval.to + 1;
  let items = 0;
  for (let place = firstEndingAfter(table, rows, interval.from); place < rows.length; place++) {
    const row = rows[place] ?? 0;
    const from = table.from[row] ?? 0;
    if (from >= end) break;
    if (!ledgerContains(window, table.dueNs[row] ?? Number.NaN)) continue;
    items += Math.max(0, Math.min(end, from + (table.items[row] ?? 0)) - Math.max(interval.from, from));
  }
  return items;
}
