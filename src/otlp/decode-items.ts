/** Runs of consecutive sequences of one stream: run i is [from[i], from[i] + count[i]). Reused and grown. */
export interface Runs {
  length: number;
  stream: Float64Array;
  from: Float64Array;
  count: Float64Array;
}

export function createRuns(): Runs {
  const capacity = 256;
  return {
    length: 0,
    stream: new Float64Array(capacity),
    from: new Float64Array(capacity),
    count: new Float64Array(capacity),
  };
}

/** Adds a run to the last one where it continues it. */
export function joinRun(runs: Runs, stream: number, from: number, count: number): void {
  const last = runs.length - 1;
  if (last >= 0 && runs.stream[last] === stream) {
    const sofar = runs.count[last] as number;
    if ((runs.from[last] as number) + sofar === from) {
      runs.count[last] = sofar + count;
      return;
    }
  }
  addRun(runs, stream, from, count);
}

export function addRun(runs: Runs, stream: number, from: number, count: number): void {
  const at = runs.length++;
  if (at === runs.stream.length) {
    runs.stream = doubled(runs.stream);
    runs.from = doubled(runs.from);
    runs.count = doubled(runs.count);
  }
  runs.stream[at] = stream;
  runs.from[at] = from;
  runs.count[at] = count;
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

/**
 * What one export request carries, as the decoder found it. The object is reused from request to request; the runs grow
 * and never shrink.
 */
export interface Items {
  count: number;
  /** In the order of the wire, or by stream and sequence where they lay scattered. */
  runs: Runs;
  /** Items that are not of this run. */
  foreign: number;
  /** Of these: points of a series of ours whose time is not on its grid. */
  altered: number;
  /** Some resource is marked as a canary's; its items are in none of the counts. */
  canary: boolean;
  /** Numbers of canaries whose ids came without the mark on their resource: something strips resource attributes. */
  unmarkedCanaries: number[];
}

export function createItems(): Items {
  return {
    count: 0,
    runs: createRuns(),
    foreign: 0,
    altered: 0,
    canary: false,
    unmarkedCanaries: [],
  };
}

export function clearItems(items: Items): void {
  items.count = 0;
  items.runs.length = 0;
  items.foreign = 0;
  items.altered = 0;
  items.canary = false;
  if (items.unmarkedCanaries.length > 0) items.unmarkedCanaries = [];
}

export function addItem(items: Items, stream: number, sequence: number): void {
  items.count++;
  joinRun(items.runs, stream, sequence, 1);
}

/** A request that was cut into more runs than this share of its items is sorted. */
const sortAbove = 1 / 8;

/** Items that lie scattered (a pipeline dealt them out anew) are put in order: their order carries no meaning. */
export function joinScattered(items: Items): void {
  const { runs } = items;
  if (runs.length <= 1 || runs.length <= items.count * sortAbove) return;
  const byStream = new Map<number, number[]>();
  for (let i = 0; i < runs.length; i++) {
    const stream = runs.stream[i] as number;
    const of = byStream.get(stream) ?? [];
    byStream.set(stream, of);
    for (let k = 0; k < (runs.count[i] as number); k++) of.push((runs.from[i] as number) + k);
  }
  runs.length = 0;
  for (const [stream, sequences] of byStream) {
    for (const sequence of Float64Array.from(sequences).sort()) joinRun(runs, stream, sequence, 1);
  }
}
