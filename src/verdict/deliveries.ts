import type { Columns } from '../observe/ledger-types.ts';
import { IntervalSet } from './interval-set.ts';
import type { RequestTable } from './request-table.ts';

/** First arrivals at the sink, joined to the request that carried the items; row j is one run of items. */
export interface Deliveries {
  count: number;
  /** Row of the RequestTable. */
  request: Int32Array;
  arrivalNs: Float64Array;
  /** Items of that request seen here for the first time. */
  items: Float64Array;
  /** Per request: distinct items delivered, and distinct items delivered twice or more. */
  deliveredOf: Float64Array;
  repeatedOf: Float64Array;
}

/**
 * Joins accepted arrivals to requests by (stream, sequence), earliest arrival first, so that an item counts once, with
 * the time of its first arrival. Arrivals of streams or sequences that no request has are left out: the ledger names
 * them (unexpected, foreign).
 */
export function joinDeliveries(table: RequestTable, arrivals: Columns): Deliveries {
  const request: number[] = [];
  const arrivalNs: number[] = [];
  const items: number[] = [];
  const deliveredOf = new Float64Array(table.count);
  const repeatedOf = new Float64Array(table.count);
  const streams = new Map<number, StreamRequests>();
  for (const [stream, rows] of rowsByStream(table))
    streams.set(stream, { rows, once: new IntervalSet(), twice: new IntervalSet() });

  const stream = arrivals.column('stream');
  const from = arrivals.column('from');
  const counts = arrivals.column('count');
  const at = arrivals.column('arrivalNs');
  for (const i of acceptedInOrder(arrivals)) {
    const known = streams.get(stream[i] ?? 0);
    if (known === undefined) continue;
    const low = from[i] ?? 0;
    const high = low + (counts[i] ?? 0);
    for (let place = firstEndingAfter(table, known.rows, low); place < known.rows.length; place++) {
      const row = known.rows[place] ?? 0;
      const start = Math.max(low, table.from[row] ?? 0);
      const end = Math.min(high, (table.from[row] ?? 0) + (table.items[row] ?? 0));
      if ((table.from[row] ?? 0) >= high) break;
      if (!(end > start)) continue;
      const again = known.once.add(start, end);
      const fresh = end - start - lengthOf(again);
      for (const [a, b] of again)
        repeatedOf[row] = (repeatedOf[row] ?? 0) + (b - a) - lengthOf(known.twice.add(a, b));
      if (fresh <= 0) continue;
      deliveredOf[row] = (deliveredOf[row] ?? 0) + fresh;
      request.push(row);
      arrivalNs.push(at[i] ?? Number.NaN);
      items.push(fresh);
    }
  }
  return {
    count: request.length,
    request: Int32Array.from(request),
    arrivalNs: Float64Array.from(arrivalNs),
    items: Float64Array.from(items),
    deliveredOf,
    repeatedOf,
  };
}

interface StreamRequests {
  /** Rows of the RequestTable by first sequence. */
  rows: Int32Array;
  once: IntervalSet;
  twice: IntervalSet;
}

/** Rows of each stream, sorted by first sequence. */
export function rowsByStream(table: RequestTable): Map<number, Int32Array> {
  const lists = new Map<number, number[]>();
  for (let i = 0; i < table.count; i++) {
    const stream = table.stream[i] ?? 0;
    const list = lists.get(stream);
    if (list === undefined) lists.set(stream, [i]);
    else list.push(i);
  }
  const sorted = new Map<number, Int32Array>();
  for (const [stream, rows] of lists)
    sorted.set(stream, Int32Array.from(rows.sort((a, b) => (table.from[a] ?? 0) - (table.from[b] ?? 0))));
  return sorted;
}

/** Place of the first of `rows` whose last sequence is at or above `sequence`. */
export function firstEndingAfter(table: RequestTable, rows: Int32Array, sequence: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle] ?? 0;
    if ((table.from[row] ?? 0) + (table.items[row] ?? 0) > sequence) high = middle;
    else low = middle + 1;
  }
  return low;
}

function acceptedInOrder(arrivals: Columns): Int32Array {
  const accepted = arrivals.column('accepted');
  const at = arrivals.column('arrivalNs');
  const rows: number[] = [];
  let sorted = true;
  for (let i = 0; i < arrivals.count; i++) {
    if (accepted[i] !== 1) continue;
    const last = rows.at(-1);
    if (last !== undefined && (at[last] ?? 0) > (at[i] ?? 0)) sorted = false;
    rows.push(i);
  }
  if (!sorted) rows.sort((a, b) => (at[a] ?? 0) - (at[b] ?? 0));
  return Int32Array.from(rows);
}

function lengthOf(intervals: [number, number][]): number {
  return intervals.reduce((sum, [from, to]) => sum + to - from, 0);
}
