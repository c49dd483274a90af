import { createSequenceSet, type SequenceSet } from './delivered.ts';
import { arrivalFields, requestClass } from './evidence.ts';
import { fieldIndexes, type Records } from './records.ts';
import { findRequest, type StreamRequests } from './request-records.ts';

/** What reached the sink of one stream, joined to the requests that offered it. */
export interface StreamArrivals {
  requests: StreamRequests;
  /** Distinct accepted items that were offered. */
  delivered: SequenceSet;
  /** Of these: accepted twice or more. */
  duplicated: SequenceSet;
  /** Of these: of requests that the load sent more than once. */
  duplicatedByRetry: number;
  /** Of the delivered: first accepted more than lateAfterNs after due. */
  late: number;
  /** Accepted items that no request offered. */
  unexpected: SequenceSet;
  /** The request of the last run: the next one is often of the same or of the next. */
  near: number;
}

export function createStreamArrivals(requests: StreamRequests): StreamArrivals {
  return {
    requests,
    delivered: createSequenceSet(),
    duplicated: createSequenceSet(),
    duplicatedByRetry: 0,
    late: 0,
    unexpected: createSequenceSet(),
    near: 0,
  };
}

/** Takes up one accepted run. It may span several requests (a pipeline batches anew) and items never offered. */
export function takeRun(
  arrivals: StreamArrivals,
  run: { from: number; count: number; arrivalNs: number; lateAfterNs: number },
): void {
  const { requests } = arrivals;
  const end = run.from + run.count;
  let request = findRequest(requests, run.from, arrivals.near);
  for (let at = run.from; at < end; request++) {
    const from = request < 0 ? 0 : (requests.from[request] as number);
    const to = request < 0 ? 0 : from + (requests.count[request] as number);
    if (at < to) {
      const pieceEnd = Math.min(end, to);
      arrivals.near = request;
      takePiece(arrivals, request, { ...run, from: at, count: pieceEnd - at });
      at = pieceEnd;
    }
    const next =
      request + 1 < requests.length ? (requests.from[request + 1] as number) : Number.POSITIVE_INFINITY;
    const gapEnd = Math.min(end, next);
    if (at < gapEnd) {
      arrivals.unexpected.add(at, gapEnd - at);
      at = gapEnd;
    }
  }
}

/** A piece that lies within one request. */
function takePiece(
  arrivals: StreamArrivals,
  request: number,
  piece: { from: number; count: number; arrivalNs: number; lateAfterNs: number },
): void {
  const { requests } = arrivals;
  if (!wasOffered(requests.class[request] as number)) {
    arrivals.unexpected.add(piece.from, piece.count);
    return;
  }
  const retried = requests.retried[request] === 1;
  let again = 0;
  arrivals.delivered.add(piece.from, piece.count, (from, count) => {
    again += count;
    const before = arrivals.duplicated.size();
    arrivals.duplicated.add(from, count);
    if (retried) arrivals.duplicatedByRetry += arrivals.duplicated.size() - before;
  });
  const late = piece.arrivalNs > (requests.dueNs[request] as number) + piece.lateAfterNs;
  if (late) arrivals.late += piece.count - again;
}

export function wasOffered(requestClassNumber: number): boolean {
  return (
    requestClassNumber !== requestClass.missedByGenerator &&
    requestClassNumber !== requestClass.missedByTarget
  );
}

export interface ArrivalRecord {
  stream: number;
  from: number;
  count: number;
  arrivalNs: number;
  accepted: boolean;
}

/** Walks the arrival records, which are in the order of arrival. The record is lent for the call. */
export function eachArrival(arrivals: Records, visit: (record: ArrivalRecord) => void): void {
  const record = { stream: 0, from: 0, count: 0, arrivalNs: 0, accepted: false };
  arrivals.each((cells, records) => {
    for (let at = 0; at < records * width; at += width) {
      record.stream = cells[at + cell.stream] as number;
      record.from = cells[at + cell.from] as number;
      record.count = cells[at + cell.count] as number;
      record.arrivalNs = cells[at + cell.arrivalNs] as number;
      record.accepted = cells[at + cell.accepted] === 1;
      visit(record);
    }
  });
}

const width = arrivalFields.length;
const cell = fieldIndexes(arrivalFields);
