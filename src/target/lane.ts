import type { LinkEffect } from './target.ts';

/** What one connection holds back in one direction. Pure: time comes in, bytes come out, order is kept. */
export interface Lane {
  accept(bytes: Uint8Array, nowNs: number): void;
  /** The source has ended: that passes too, in its turn. */
  end(nowNs: number): void;
  /** What may go on by now. */
  take(nowNs: number): { bytes: Uint8Array[]; ended: boolean };
  /** When take() gives more; undefined: nothing is held, or not before the effect changes. */
  nextNs(): number | undefined;
  heldBytes(): number;
  /** Whether the source must wait before it sends more. */
  full(): boolean;
  /** Reckons what is held anew under the present effect. */
  rechain(nowNs: number): void;
}

/** The state of one direction of a link, shared by its connections: a bandwidth is of the link, not of each. */
export interface Shape {
  effect: LinkEffect | undefined;
  /** Bandwidth: when the link has sent all that it took. */
  freeNs: number;
  /** Uniform in [0, 1). */
  random(): number;
  affectedBytes: number;
}

/** Pieces of this many ms of a bandwidth, so that a large chunk does not go at once. */
const pieceMs = 10;
const pieceMinBytes = 1460;
/** Enough for 100 ms of latency at 80 MB/s; beyond it the sender feels the link, as with a full socket. */
const heldMaxBytes = 8 * 1024 * 1024;
/** A shaped link has a short queue of its own: the sender's socket is the long one. */
const shapedMaxBytes = 64 * 1024;

interface Held {
  bytes: Uint8Array | undefined;
  releaseNs: number;
}

export function createLane(shape: Shape): Lane {
  let held: Held[] = [];
  let heldBytes = 0;
  const hold = (bytes: Uint8Array | undefined, nowNs: number) => {
    held.push({ bytes, releaseNs: releaseOf(shape, bytes?.length ?? 0, nowNs) });
    heldBytes += bytes?.length ?? 0;
  };
  const accept = (bytes: Uint8Array, nowNs: number) => {
    if (shape.effect !== undefined) shape.affectedBytes += bytes.length;
    for (const piece of piecesOf(bytes, shape.effect)) hold(piece, nowNs);
  };
  return {
    accept,
    end: (nowNs) => hold(undefined, nowNs),
    take: (nowNs) => {
      // Nothing overtakes: a lower draw of the jitter waits behind what came before it.
      const until = held.findIndex(({ releaseNs }) => releaseNs > nowNs);
      const due = until < 0 ? held : held.slice(0, until);
      held = until < 0 ? [] : held.slice(until);
      const bytes = due.map((one) => one.bytes).filter((one) => one !== undefined);
      heldBytes -= bytes.reduce((sum, one) => sum + one.length, 0);
      return { bytes, ended: due.some((one) => one.bytes === undefined) };
    },
    nextNs: () => {
      const [first] = held;
      return first === undefined || first.releaseNs === Number.POSITIVE_INFINITY
        ? undefined
        : first.releaseNs;
    },
    heldBytes: () => heldBytes,
    full: () => heldBytes >= limitOf(shape.effect),
    rechain: (nowNs) => {
      const waiting = held;
      held = [];
      heldBytes = 0;
      for (const { bytes } of waiting) {
        if (bytes === undefined) hold(undefined, nowNs);
        else accept(bytes, nowNs);
      }
    },
  };
}

function releaseOf(shape: Shape, sizeBytes: number, nowNs: number): number {
  const { effect } = shape;
  switch (effect?.kind) {
    case 'partition':
      return Number.POSITIVE_INFINITY;
    case 'delay':
      return nowNs + Math.max(0, effect.latencyMs + (2 * shape.random() - 1) * effect.jitterMs) * 1e6;
    case 'bandwidth':
      shape.freeNs = Math.max(nowNs, shape.freeNs) + (sizeBytes / effect.bytesPerS) * 1e9;
      return shape.freeNs;
    // Of packets, not of bytes of a connection: no proxy can lose any.
    case 'loss':
    case 'reset':
    case undefined:
      return nowNs;
  }
}

function limitOf(effect: LinkEffect | undefined): number {
  switch (effect?.kind) {
    // One chunk is proof enough; the rest stays with the sender, as with a dropped packet.
    case 'partition':
      return 1;
    case 'bandwidth':
      return shapedMaxBytes;
    default:
      return heldMaxBytes;
  }
}

function piecesOf(bytes: Uint8Array, effect: LinkEffect | undefined): Uint8Array[] {
  if (effect?.kind !== 'bandwidth') return [bytes];
  const size = Math.max(pieceMinBytes, Math.ceil((effect.bytesPerS * pieceMs) / 1000));
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; from += size) pieces.push(bytes.subarray(from, from + size));
  return pieces;
}
