import { requestClass } from '../observe/evidence.ts';
import type { Columns } from '../observe/ledger-types.ts';
import type { Plan } from '../plan/types.ts';

/** Every export request of the run, all workers in one table; column i is request i. Times are ns from t = 0. */
export interface RequestTable {
  count: number;
  stream: Float64Array;
  /** First sequence. */
  from: Float64Array;
  items: Float64Array;
  dueNs: Float64Array;
  sendNs: Float64Array;
  finalNs: Float64Array;
  kind: Float64Array;
  rejected: Float64Array;
  attempts: Float64Array;
  /** Index into plan.entries; -1 for a stream that the plan does not know. */
  entry: Int32Array;
}

export function requestTable(plan: Plan, parts: Columns[]): RequestTable {
  const join = (name: string) => joinColumn(parts, name);
  const stream = join('stream');
  const entryOf = entriesByStream(plan);
  return {
    count: stream.length,
    stream,
    from: join('from'),
    items: join('count'),
    dueNs: join('dueNs'),
    sendNs: join('sendNs'),
    finalNs: join('finalNs'),
    kind: join('class'),
    rejected: join('rejected'),
    attempts: join('attempts'),
    entry: Int32Array.from(stream, (id) => entryOf.get(id) ?? -1),
  };
}

/** One field of every request, in the table's order. */
export function joinColumn(parts: Columns[], name: string): Float64Array {
  return concatenate(parts.map((part) => part.column(name).subarray(0, part.count)));
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

function concatenate(parts: Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
