import { random } from '../base/random.ts';
import type { Integral } from './integral.ts';
import { integrate } from './integral.ts';
import type { EntryPlan, Pace } from './types.ts';

/** When each export request of an entry is due. */
export interface Pacer {
  requests: number;
  /** Due time of the request's last item: whole ns from the entry's start, never decreasing. 0 for a closed pace. */
  dueNs(request: number): number;
  /** Items in the request: the batch, or what is left over for the last one. */
  count(request: number): number;
}

/**
 * Item i (from 0) is due when the cumulative count of the pace reaches i + 1, exactly: whole-number arithmetic decides,
 * so nothing adds up over a run. With Poisson arrivals the requests lie like those of a Poisson process of the same
 * intensity that is known to make exactly this many, as in load tests of independent clients.
 */
export function createPacer(pace: Pace): Pacer {
  const { items, batch } = pace;
  const requests = Math.ceil(items / batch);
  const count = (request: number) => Math.min(batch, items - request * batch);
  if (pace.kind === 'closed') return { requests, dueNs: () => 0, count };
  const integral = integrate(pace.segments);
  if (pace.poissonSeed === undefined) {
    const dueNs = (request: number) => integral.inverseNs(Math.min((request + 1) * batch, items));
    return { requests, dueNs, count };
  }
  const times = poissonTimes(integral, requests, pace.poissonSeed);
  return { requests, dueNs: (request) => times[request] ?? Number.NaN, count };
}

/**
 * Items of the requests that are due at `elapsedNs` from the entry's start or before (items share their request's due
 * time). Exact: itemsDueBy(dueNs(k)) >= (k + 1) batches, and one ns earlier it is less unless requests coincide. A
 * closed pace has all of its items due at once. Poisson times are made anew in each call: hold a pacer in a loop.
 */
export function itemsDueBy(pace: Pace, elapsedNs: number): number {
  if (elapsedNs < 0) return 0;
  if (pace.kind === 'closed') return pace.items;
  if (pace.poissonSeed === undefined) {
    const items = Math.min(pace.items, integrate(pace.segments).floorAt(elapsedNs));
    return items === pace.items ? items : items - (items % pace.batch);
  }
  return Math.min(pace.items, requestsDueBy(createPacer(pace), elapsedNs) * pace.batch);
}

/** Load workers that share an entry. */
export function workersOf(entry: EntryPlan): number {
  return entry.workers ?? entry.streams.length;
}

/** The stream of items that a worker's requests are of: always the same one, as W is a multiple of S. */
export function streamOf(entry: EntryPlan, worker: number): number {
  return entry.streams[worker % entry.streams.length] ?? 0;
}

/** The first sequence of a request within its stream. */
export function firstSequence(entry: EntryPlan, request: number): number {
  return Math.floor(request / entry.streams.length) * entry.spec.batch;
}

/** Number of requests with dueNs <= elapsedNs, by bisection. */
export function requestsDueBy(pacer: Pacer, elapsedNs: number): number {
  let low = 0;
  let high = pacer.requests;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (pacer.dueNs(middle) <= elapsedNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The order statistics of `requests` uniforms, as cumulative exponentials over their sum (Devroye, Non-Uniform Random
 * Variate Generation, V.2), mapped through the inverse of the cumulative count.
 */
function poissonTimes(integral: Integral, requests: number, seed: string): Float64Array {
  const draw = random(seed, 'arrivals');
  const times = new Float64Array(requests);
  let sum = 0;
  for (let k = 0; k < requests; k++) {
    sum -= Math.log1p(-draw.next());
    times[k] = sum;
  }
  sum -= Math.log1p(-draw.next());
  let latest = 0;
  for (let k = 0; k < requests; k++) {
    const share = sum === 0 ? 0 : (times[k] ?? 0) / sum;
    latest = Math.max(latest, Math.round(integral.inverseRealNs(share * integral.total)));
    times[k] = latest;
  }
  return times;
}
