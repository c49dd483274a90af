/**
 * What one export request carries, as the decoder found it: item i is (streams[i], sequences[i]), in wire order. The
 * object is reused from request to request; the arrays grow and never shrink.
 */
export interface Items {
  count: number;
  streams: Uint16Array;
  sequences: Float64Array;
  /** Items that are not of this run. */
  foreign: number;
  /** Of these: points of a series of ours whose time is not on its grid. */
  altered: number;
  /** Some resource is marked as a canary's; its items are in none of the counts. */
  canary: boolean;
  /** Numbers of canaries whose ids came without the mark on their resource: something strips resource attributes. */
  unmarkedCanaries: number[];
}

const firstCapacity = 4096;

export function createItems(): Items {
  return {
    count: 0,
    streams: new Uint16Array(firstCapacity),
    sequences: new Float64Array(firstCapacity),
    foreign: 0,
    altered: 0,
    canary: false,
    unmarkedCanaries: [],
  };
}

export function clearItems(items: Items): void {
  items.count = 0;
  items.foreign = 0;
  items.altered = 0;
  items.canary = false;
  if (items.unmarkedCanaries.length > 0) items.unmarkedCanaries = [];
}

export function addItem(items: Items, stream: number, sequence: number): void {
  const at = items.count++;
  if (at === items.streams.length) grow(items);
  items.streams[at] = stream;
  items.sequences[at] = sequence;
}

function grow(items: Items): void {
  const streams = new Uint16Array(items.streams.length * 2);
  streams.set(items.streams);
  items.streams = streams;
  const sequences = new Float64Array(items.sequences.length * 2);
  sequences.set(items.sequences);
  items.sequences = sequences;
}
