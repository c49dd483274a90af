import { requestClass } from '../observe/evidence.ts';
import type { Columns } from '../observe/ledger-types.ts';
import type { Plan } from '../plan/types.ts';

/**
 * Every export request of the run, all workers in one table; column i is request i. Times are ns from t = 0. As narrow
 * as the values allow: 51 bytes for each, 440 MB for a day at 100 requests/s.
 */
export interface RequestTable {
  count: number;
  stream: Int32Array;
  /** First sequence. */
  from: Float64Array;
  items: Int32Array;
  dueNs: Float64Array;
  sendNs: Float64Array;
  finalNs: Float64Array;
  /** -1: no class at all. */
  kind: Int8Array;
  /** At most 2^31 - 1, whatever a server has said. */
  rejected: Int32Array;
  attempts: Int32Array;
  /** Index into plan.entries; -1 for a stream that the plan does not know. */
  entry: Int32Array;
}

export function requestTable(plan: Plan, parts: Columns[]): RequestTable {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const join = <C extends Column>(name: string, column: C) => joinColumn(parts, name, column);
  const stream = join('stream', new Int32Array(count));
  const entryOf = entriesByStream(plan);
  return {
    count,
    stream,
    from: join('from', new Float64Array(count)),
    items: join('count', new Int32Array(count)),
    dueNs: join('dueNs', new Float64Array(count)),
    sendNs: join('sendNs', new Float64Array(count)),
    finalNs: join('finalNs', new Float64Array(count)),
    kind: join('class', new Int8Array(count)),
    rejected: join('rejected', new Int32Array(count)),
    attempts: join('attempts', new Int32Array(count)),
    entry: Int32Array.from(stream, (id) => entryOf.get(id) ?? -1),
  };
}

type Column = Float64Array | Int32Array | Int8Array;

/**
 * Puts one field of every request into `column`, in the table's order, a part at a time. A column of whole
 * numbers holds -1 of what is none, and the nearest that it can of what is too large.
 */
export function joinColumn<C extends Column>(parts: Columns[], name: string, column: C): C {
  let at = 0;
  for (const part of parts) {
    const values = part.column(name).subarray(0, part.count);
    if (column instanceof Float64Array) column.set(values, at);
    else {
      const most = 2 ** (8 * column.BYTES_PER_ELEMENT - 1) - 1;
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as number;
        column[at + i] = Number.isNaN(value) ? -1 : Math.min(most, Math.max(-1, value));
      }
    }
    at += part.count;
  }
  return column;
}

export function entriesByStream(plan: Plan): Map<number, number> {
  const found = new Map<number, number>();
  for (const [index, entry] of plan.entries.entries())
    for (const stream of entry.streams) found.set(stream, index);
  return found;
}

/** Due to the final answer, or from the first attempt's send; +Infinity unless the request was acknowledged. */
export function answerNs(table: RequestTable, i: number, since: 'due' | 'send'): number {
  if (table.kind[i] !== requestClass.acknowledged) return Number.POSITIVE_INFINITY;
  const start = (since === 'due' ? table.dueNs[i] : table.sendNs[i]) ?? Number.NaN;
  const duration = (table.finalNs[i] ?? Number.NaN) - start;
  return Number.isNaN(duration) ? Number.POSITIVE_INFINITY : Math.max(0, duration);
}

/** 1 for each of the rows, by row. */
export function maskOf(table: RequestTable, rows: Int32Array): Uint8Array {
  const mask = new Uint8Array(table.count);
  for (const row of rows) mask[row] = 1;
  return mask;
}

export function wasOffered(kind: number | undefined): boolean {
  return kind === requestClass.acknowledged || kind === requestClass.refused || kind === requestClass.unknown;
}
