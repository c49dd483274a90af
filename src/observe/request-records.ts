import { requestFields } from './evidence.ts';
import { fieldIndexes, type Records } from './records.ts';

/**
 * The requests of one stream in the order of their sequences; request i covers [from[i], from[i] + count[i]). 22 bytes
 * each: 1e9 items in batches of 512 are 43 MB, and of 100 are 220 MB.
 */
export interface StreamRequests {
  length: number;
  from: Float64Array;
  count: Uint32Array;
  dueNs: Float64Array;
  class: Uint8Array;
  /** 1: sent more than once. */
  retried: Uint8Array;
  /** By first sequence, what a partial success said of it; absent: nothing was rejected. */
  rejected: Map<number, number>;
}

/** Records may end before the last field (see requestFieldsOf): those read here come first. */
const cell = fieldIndexes(requestFields);

/** Sorts the workers' request records by stream and sequence. Records of other streams than asked for are counted. */
export function requestsByStream(
  requests: readonly Records[],
  streams: readonly number[],
): { byStream: Map<number, StreamRequests>; strays: number } {
  const sizes = new Map<number, number>(streams.map((stream) => [stream, 0]));
  let strays = 0;
  eachRequest(requests, (cells, at) => {
    const stream = cells[at + cell.stream] as number;
    const size = sizes.get(stream);
    if (size === undefined) strays++;
    else sizes.set(stream, size + 1);
  });
  const byStream = new Map([...sizes].map(([stream, size]) => [stream, emptyRequests(size)]));
  eachRequest(requests, (cells, at) => {
    const into = byStream.get(cells[at + cell.stream] as number);
    if (into !== undefined) addRequest(into, cells, at);
  });
  for (const requestsOf of byStream.values()) sortRequests(requestsOf);
  return { byStream, strays };
}

function eachRequest(requests: readonly Records[], visit: (cells: Float64Array, at: number) => void): void {
  for (const records of requests) {
    const { width } = records;
    records.each((cells, count) => {
      for (let at = 0; at < count * width; at += width) visit(cells, at);
    });
  }
}

function addRequest(into: StreamRequests, cells: Float64Array, at: number): void {
  const i = into.length;
  if (i === into.from.length) return; // the file grew since it was counted
  const from = cells[at + cell.from] as number;
  const rejected = cells[at + cell.rejected] as number;
  into.length++;
  into.from[i] = from;
  into.count[i] = cells[at + cell.count] as number;
  into.dueNs[i] = cells[at + cell.dueNs] as number;
  into.class[i] = cells[at + cell.class] as number;
  into.retried[i] = (cells[at + cell.attempts] as number) > 1 ? 1 : 0;
  if (rejected > 0) into.rejected.set(from, rejected);
}

/** By first sequence. Requests end in another order than they began in, so that nearly every stream needs it. */
function sortRequests(requests: StreamRequests): void {
  const { from, length } = requests;
  const inOrder = from.every((value, i) => i === 0 || (from[i - 1] as number) <= value);
  if (inOrder) return;
  const order = orderOf(from, length);
  requests.from = inOrderOf(from, order);
  requests.count = inOrderOf(requests.count, order);
  requests.dueNs = inOrderOf(requests.dueNs, order);
  requests.class = inOrderOf(requests.class, order);
  requests.retried = inOrderOf(requests.retried, order);
}

/** Rows by their sequence. A stream's requests lie on a grid, so that each has its place; anything else is compared. */
function orderOf(from: Float64Array, length: number): Uint32Array {
  const grid = from.reduce(
    (least, value) => (value > 0 && value < least ? value : least),
    Number.POSITIVE_INFINITY,
  );
  const places = new Int32Array(length).fill(-1);
  let onGrid = true;
  for (let row = 0; row < length && onGrid; row++) {
    const place = (from[row] as number) === 0 ? 0 : (from[row] as number) / grid;
    onGrid = Number.isInteger(place) && places[place] === -1;
    if (onGrid) places[place] = row;
  }
  if (onGrid) return new Uint32Array(places.buffer);
  return new Uint32Array(length).map((_, i) => i).sort((a, b) => (from[a] as number) - (from[b] as number));
}

function inOrderOf<A extends Float64Array | Uint32Array | Uint8Array>(values: A, order: Uint32Array): A {
  const sorted = values.slice();
  for (let i = 0; i < order.length; i++) sorted[i] = values[order[i] as number] as number;
  return sorted as A;
}

function emptyRequests(size: number): StreamRequests {
  return {
    length: 0,
    from: new Float64Array(size),
    count: new Uint32Array(size),
    dueNs: new Float64Array(size),
    class: new Uint8Array(size),
    retried: new Uint8Array(size),
    rejected: new Map(),
  };
}

/** The last request that begins at or before `sequence`, or -1. `near`: one that it may be, or follow. */
export function findRequest(requests: StreamRequests, sequence: number, near = 0): number {
  const { from } = requests;
  for (let i = near; i < near + 3 && i < requests.length; i++) {
    const next = i + 1 < requests.length ? (from[i + 1] as number) : Number.POSITIVE_INFINITY;
    if ((from[i] as number) <= sequence && sequence < next) return i;
  }
  let low = 0;
  let high = requests.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((from[middle] as number) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
