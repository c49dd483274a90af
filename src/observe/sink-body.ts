/** Bodies of requests, put together in buffers that are used again. */
export interface Body {
  /** Bytes so far, also those that were not kept. */
  sizeBytes: number;
  bytes: Buffer;
}

const firstBytes = 256 * 1024;
/** Larger ones, and more than this many, are left to the collector of garbage. */
const keptBytes = 1024 * 1024;
const keptMax = 64;

export interface BodyPool {
  open(): Body;
  /** Appends [from, to) of `part`; of a body beyond the pool's limit nothing more is kept. */
  add(body: Body, part: Buffer, from: number, to: number): void;
  /** The same of the last part: gives the whole, where it lies if it is in one piece. Undefined: beyond the limit. */
  finish(body: Body, part: Buffer, from: number, to: number): Buffer | undefined;
  /** The body's bytes are free again. */
  close(body: Body): void;
}

const none = Buffer.alloc(0);

export function createBodyPool(bytesMax: number): BodyPool {
  const free: Buffer[] = [];
  const add: BodyPool['add'] = (body, part, from, to) => {
    const size = body.sizeBytes;
    const grown = size + to - from;
    body.sizeBytes = grown;
    if (grown > bytesMax) {
      body.bytes = none;
      return;
    }
    if (grown > body.bytes.length) {
      const larger = takeBuffer(free, Math.max(grown, body.bytes.length * 2));
      body.bytes.copy(larger, 0, 0, size);
      giveBuffer(free, body.bytes);
      body.bytes = larger;
    }
    part.copy(body.bytes, size, from, to);
  };
  return {
    open: () => ({ sizeBytes: 0, bytes: none }),
    add,
    finish(body, part, from, to) {
      if (body.sizeBytes === 0 && to - from <= bytesMax) return part.subarray(from, to);
      add(body, part, from, to);
      return body.sizeBytes > bytesMax ? undefined : body.bytes.subarray(0, body.sizeBytes);
    },
    close(body) {
      giveBuffer(free, body.bytes);
      body.bytes = none;
    },
  };
}

function takeBuffer(free: Buffer[], bytes: number): Buffer {
  const last = free.at(-1);
  if (last !== undefined && last.length >= bytes) {
    free.pop();
    return last;
  }
  return Buffer.allocUnsafeSlow(Math.max(bytes, firstBytes));
}

function giveBuffer(free: Buffer[], bytes: Buffer): void {
  if (bytes.length > 0 && bytes.length <= keptBytes && free.length < keptMax) free.push(bytes);
}
