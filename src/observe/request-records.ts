import type { Columns } from './ledger-types.ts';

/** The requests of one stream in the order of their sequences; request i covers [from[i], from[i] + count[i]). */
export interface StreamRequests {
  length: number;
  from: Float64Array;
  count: Float64Array;
  dueNs: Float64Array;
  class: Uint8Array;
  rejected: Float64Array;
  attempts: Float64Array;
}

/** Sorts the workers' request records by stream and sequence. Records of other streams than asked for are counted. */
export function requestsByStream(
  requests: readonly Columns[],
  streams: readonly number[],
): { byStream: Map<number, StreamRequests>; strays: number } {
  const rows = new Map<number, { columns: Columns; rows: number[] }[]>(streams.map((stream) => [stream, []]));
  let strays = 0;
  for (const columns of requests) {
    const stream = columns.column('stream');
    const parts = new Map<number, { columns: Columns; rows: number[] }>();
    for (let row = 0; row < columns.count; row++) {
      const found = parts.get(stream[row] as number);
      if (found !== undefined) found.rows.push(row);
      else if (rows.has(stream[row] as number)) parts.set(stream[row] as number, { columns, rows: [row] });
      else strays++;
    }
    for (const [number, part] of parts) rows.get(number)?.push(part);
  }
  return { byStream: new Map([...rows].map(([stream, parts]) => [stream, sortParts(parts)])), strays };
}

function sortParts(parts: readonly { columns: Columns; rows: number[] }[]): StreamRequests {
  const length = parts.reduce((sum, part) => sum + part.rows.length, 0);
  const unsorted = emptyRequests(length);
  let at = 0;
  for (const { columns, rows } of parts) {
    const source = {
      from: columns.column('from'),
      count: columns.column('count'),
      dueNs: columns.column('dueNs'),
      class: columns.column('class'),
      rejected: columns.column('rejected'),
      attempts: columns.column('attempts'),
    };
    for (const row of rows) copyRow(source, row, unsorted, at++);
  }
  const { from } = unsorted;
  const inOrder = from.every((value, i) => i === 0 || (from[i - 1] as number) <= value);
  if (inOrder) return unsorted;
  const order = Uint32Array.from(from.keys()).sort((a, b) => (from[a] as number) - (from[b] as number));
  const sorted = emptyRequests(length);
  order.forEach((row, i) => {
    copyRow(unsorted, row, sorted, i);
  });
  return sorted;
}

function emptyRequests(length: number): StreamRequests {
  return {
    length,
    from: new Float64Array(length),
    count: new Float64Array(length),
    dueNs: new Float64Array(length),
    class: new Uint8Array(length),
    rejected: new Float64Array(length),
    attempts: new Float64Array(length),
  };
}

type RequestArrays = Record<
  'from' | 'count' | 'dueNs' | 'class' | 'rejected' | 'attempts',
  { [i: number]: number }
>;

function copyRow(source: RequestArrays, row: number, into: RequestArrays, at: number): void {
  into.from[at] = source.from[row] as number;
  into.count[at] = source.count[row] as number;
  into.dueNs[at] = source.dueNs[row] as number;
  into.class[at] = source.class[row] as number;
  into.rejected[at] = source.rejected[row] as number;
  into.attempts[at] = source.attempts[row] as number;
}

/** The last request that begins at or before `sequence`, or -1. */
export function findRequest(requests: StreamRequests, sequence: number): number {
  let low = 0;
  let high = requests.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((requests.from[middle] as number) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
