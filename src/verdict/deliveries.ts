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
  items: Int32Array;
  /** Per request: distinct items delivered, and distinct items delivered twice or more. */
  deliveredOf: Int32Array;
  repeatedOf: Int32Array;
}

/**
 * Joins accepted arrivals to requests by (stream, sequence), earliest arrival first, so that an item counts once, with
 * the time of its first arrival. Arrivals of streams or sequences that no request has are left out: the ledger names
 * them (unexpected, foreign).
 */
export function joinDeliveries(table: RequestTable, arrivals: Columns): Deliveries {
  // Mostly one for each request; the pipeline may cut them up.
  const found = createRows(table.count);
  const deliveredOf = new Int32Array(table.count);
  const repeatedOf = new Int32Array(table.count);
  const streams = new Map<number, StreamRequests>();
  for (const [stream, rows] of rowsByStream(table))
    streams.set(stream, { rows, once: new IntervalSet(), twice: new IntervalSet() });

  eachAccepted(arrivals, ({ stream, from: low, count, arrivalNs }) => {
    const known = streams.get(stream);
    if (known === undefined) return;
    const high = low + count;
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
      addRow(found, { request: row, arrivalNs, items: fresh });
    }
  });
  const { count, request, arrivalNs, items } = found;
  return {
    count,
    request: request.subarray(0, count),
    arrivalNs: arrivalNs.subarray(0, count),
    items: items.subarray(0, count),
    deliveredOf,
    repeatedOf,
  };
}

/** Columns that grow: as lists of numbers they would take twice the room. */
type Rows = Pick<Deliveries, 'count' | 'request' | 'arrivalNs' | 'items'>;

function createRows(room: number): Rows {
  return {
    count: 0,
    request: new Int32Array(room),
    arrivalNs: new Float64Array(room),
    items: new Int32Array(room),
  };
}

function addRow(rows: Rows, row: { request: number; arrivalNs: number; items: number }): void {
  const at = rows.count++;
  if (at === rows.request.length) {
    const larger = createRows(Math.max(16, 2 * at));
    larger.request.set(rows.request);
    larger.arrivalNs.set(rows.arrivalNs);
    larger.items.set(rows.items);
    Object.assign(rows, { ...larger, count: rows.count });
  }
  rows.request[at] = row.request;
  rows.arrivalNs[at] = row.arrivalNs;
  rows.items[at] = row.items;
}

interface StreamRequests {
  /** Rows of the RequestTable by first sequence. */
  rows: Int32Array;
  once: IntervalSet;
  twice: IntervalSet;
}

/** Rows of each stream, sorted by first sequence. */
export function rowsByStream(table: RequestTable): Map<number, Int32Array> {
  const counts = new Map<number, number>();
  for (const stream of table.stream) counts.set(stream, (counts.get(stream) ?? 0) + 1);
  const found = new Map([...counts].map(([stream, count]) => [stream, new Int32Array(count)]));
  const filled = new Map<number, number>();
  for (let i = 0; i < table.count; i++) {
    const stream = table.stream[i] ?? 0;
    const at = filled.get(stream) ?? 0;
    filled.set(stream, at + 1);
    const rows = found.get(stream);
    if (rows !== undefined) rows[at] = i;
  }
  for (const rows of found.values()) sortBy(rows, table.from);
  return found;
}

/** Sorts row numbers by a value of each; where they are in order already, at no more than a look at each. */
export function sortBy(rows: Int32Array, values: Float64Array): void {
  for (let i = 1; i < rows.length; i++) {
    if ((values[rows[i - 1] ?? 0] ?? 0) <= (values[rows[i] ?? 0] ?? 0)) continue;
    rows.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
    return;
  }
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

interface Arrival {
  stream: number;
  from: number;
  count: number;
  arrivalNs: number;
}

/** Accepted arrivals, earliest first: as they were recorded, where that is their order, and sorted otherwise. */
function eachAccepted(arrivals: Columns, visit: (arrival: Arrival) => void): void {
  const each = arrivals.each ?? ((visitPiece) => visitPiece(arrivals));
  let lastNs = Number.NEGATIVE_INFINITY;
  let inOrder = true;
  each((piece) => {
    for (const ns of piece.column('arrivalNs')) {
      if (!(ns >= lastNs)) inOrder = false;
      lastNs = ns;
    }
  });
  if (inOrder) each((piece) => visitRows(piece, undefined, visit));
  else {
    const rows = Int32Array.from({ length: arrivals.count }, (_, row) => row);
    sortBy(rows, arrivals.column('arrivalNs'));
    visitRows(arrivals, rows, visit);
  }
}

function visitRows(piece: Columns, order: Int32Array | undefined, visit: (arrival: Arrival) => void): void {
  const stream = piece.column('stream');
  const from = piece.column('from');
  const counts = piece.column('count');
  const at = piece.column('arrivalNs');
  const accepted = piece.column('accepted');
  for (let place = 0; place < piece.count; place++) {
    const i = order === undefined ? place : (order[place] ?? -1);
    if (accepted[i] !== 1) continue;
    visit({
      stream: stream[i] ?? 0,
      from: from[i] ?? 0,
      count: counts[i] ?? 0,
      arrivalNs: at[i] ?? Number.NaN,
    });
  }
}

function lengthOf(intervals: [number, number][]): number {
  return intervals.reduce((sum, [from, to]) => sum + to - from, 0);
}
