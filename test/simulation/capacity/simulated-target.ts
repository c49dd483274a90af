import { type Random, random } from '../../../src/base/random.ts';
import type { Search } from '../../../src/capacity/search.ts';
import { judgeTrial, type Observation } from '../../../src/capacity/trial.ts';
import type { SearchResult, TrialOrder, TrialOutcome } from '../../../src/capacity/types.ts';

/** A single server with a queue, request by request (Lindley's recursion), and a generator in front of it. */
export interface Simulated {
  /** Requests per second that the server works off, on average, while it works. */
  servicePerS: number;
  service: 'exponential' | 'fixed';
  arrivals: 'poisson' | 'even';
  /** Limit on the time from due to answer that at most `allowed` of the requests may pass. */
  limitS: number;
  allowed: number;
  /** Share of every 100 ms in which the server may work: a CPU quota. */
  quota?: number;
  /** The server stands still for so long, every so often. */
  stall?: { everyS: number; lengthS: number };
  /** Spread of the server's speed from trial to trial. */
  noise?: number;
  /** Answers at once and works the queue off behind; nothing is ever refused. */
  hides?: boolean;
  /** Items per second between which the server is fast again. */
  revives?: { fromPerS: number; toPerS: number };
  /** What the generator can offer at most, items per second. */
  generatorPerS?: number;
  /** Chance that the generator stalls in a trial. */
  generatorStalls?: number;
}

const batch = 100;
const warmupS = 5;
const inFlightMax = 256;
const periodS = 0.1;
export const overheadS = 12;

export function runTrial(target: Simulated, order: TrialOrder, dice: Random): Observation {
  const wanted = order.ratePerS / batch;
  const offered = Math.min(wanted, (target.generatorPerS ?? Number.POSITIVE_INFINITY) / batch);
  const lengthS = warmupS + order.measureS;
  const late = (target.generatorStalls ?? 0) > dice.next();
  const lateFrom = late ? warmupS + dice.next() * order.measureS * 0.8 : Number.POSITIVE_INFINITY;
  const requests = new Float64Array(lengthS);
  const over = new Float64Array(lengthS);
  const growth = new Float64Array(lengthS);
  const finish = serverOf(target, { ratePerS: order.ratePerS, noise: gauss(dice), seed: dice.next() });
  const fast = quickRandom(dice.next());
  const finished = new Float64Array(inFlightMax);
  const { limitS, hides = false, arrivals } = target;
  let at = 0;
  let count = 0;
  let head = 0;
  for (;;) {
    at += arrivals === 'even' ? 1 / offered : -Math.log(1 - fast()) / offered;
    if (at >= lengthS) break;
    const second = at | 0;
    requests[second] = (requests[second] ?? 0) + 1;
    // A stalled generator sends what was due in the meantime in one go.
    const sendAt = at >= lateFrom && at < lateFrom + 1.5 ? lateFrom + 1.5 : at;
    while (head < count && (finished[head % inFlightMax] ?? 0) <= sendAt) head++;
    if (!hides && count - head >= inFlightMax) {
      over[second] = (over[second] ?? 0) + 1;
      continue;
    }
    const doneAt = finish(sendAt);
    finished[count++ % inFlightMax] = doneAt;
    growth[second] = (growth[second] ?? 0) + batch;
    if (doneAt < lengthS) growth[doneAt | 0] = (growth[doneAt | 0] ?? 0) - batch;
    if ((hides ? sendAt + 0.001 : doneAt) - at > limitS) over[second] = (over[second] ?? 0) + 1;
  }
  const blocks = Array.from(requests, (all, i) => ({ requests: all, over: over[i] ?? 0 }));
  let held = 0;
  const backlog = Array.from(growth, (grown, i): [number, number] => {
    held += grown;
    return [i + 1, held];
  });
  return {
    ratePerS: order.ratePerS,
    missedByGenerator: 1 - offered / wanted,
    generatorReasons: late ? ['wake-ups were late'] : [],
    idleAtStart: true,
    percentiles: [
      {
        name: 'latency',
        allowed: target.allowed,
        warmup: blocks.slice(0, warmupS),
        measured: blocks.slice(warmupS),
      },
    ],
    others: [],
    backlog: backlog.slice(warmupS),
    drained: true,
    delivered: count * batch,
    lost: 0,
    restarts: 0,
  };
}

/** The server: takes the time at which a request comes, in order, and gives the time at which it is done. */
function serverOf(
  target: Simulated,
  trial: { ratePerS: number; noise: number; seed: number },
): (at: number) => number {
  const { revives, quota, stall } = target;
  const revived =
    revives !== undefined && trial.ratePerS >= revives.fromPerS && trial.ratePerS <= revives.toPerS;
  const perS = target.servicePerS * Math.exp((target.noise ?? 0) * trial.noise) * (revived ? 10 : 1);
  const fast = quickRandom(trial.seed);
  let [freeAt, period, used] = [0, 0, 0];
  return (sendAt) => {
    let at = Math.max(freeAt, sendAt);
    if (stall !== undefined && at % stall.everyS < stall.lengthS) at += stall.lengthS - (at % stall.everyS);
    let left = (target.service === 'fixed' ? 1 : -Math.log(1 - fast())) / perS;
    while (quota !== undefined) {
      const now = Math.floor(at / periodS + 1e-9);
      if (now !== period) [period, used] = [now, 0];
      const room = Math.min(quota * periodS - used, (now + 1) * periodS - at);
      if (room >= left) {
        used += left;
        break;
      }
      left -= Math.max(0, room);
      at = (now + 1) * periodS;
    }
    freeAt = at + left;
    return freeAt;
  };
}

/** Marsaglia's xorshift32: some 5 ns a number, good enough for a queue. */
function quickRandom(seed: number): () => number {
  let state = Math.floor(seed * 0xfffffffe) + 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

/** A whole search against the target; what it was told, and what it made of it. */
export function runSearch(
  search: Search,
  target: Simulated,
  seed: number,
): { result: SearchResult; outcomes: TrialOutcome[] } {
  const dice = random(seed, 'simulated target');
  const outcomes: TrialOutcome[] = [];
  let step = search.next();
  while (step.done !== true) {
    const order = step.value;
    const seen = runTrial(target, order, dice);
    const cpuSPerMillion = 50 * Math.exp((target.noise ?? 0) * gauss(dice));
    const outcome = { ...order, ...judgeTrial(seen), costS: order.measureS + overheadS, cpuSPerMillion };
    outcomes.push(outcome);
    step = search.next(outcome);
  }
  return { result: step.value, outcomes };
}

function gauss(dice: Random): number {
  return Math.sqrt(-2 * Math.log(1 - dice.next())) * Math.cos(2 * Math.PI * dice.next());
}

/** The rate, in items per second, at which the share over the limit is just what is allowed: by long runs, halving. */
export function findTruth(target: Simulated, low: number, high: number): number {
  let [from, to] = [low, high];
  while (to / from > 1.001) {
    const ratePerS = Math.sqrt(from * to);
    const seen = runTrial(target, { purpose: 'classify', ratePerS, measureS: 6000 }, random(1, 'truth'));
    const blocks = seen.percentiles[0]?.measured ?? [];
    const over = blocks.reduce((sum, block) => sum + block.over, 0);
    const all = blocks.reduce((sum, block) => sum + block.requests, 0);
    if (over / all > target.allowed) to = ratePerS;
    else from = ratePerS;
  }
  return Math.sqrt(from * to);
}
