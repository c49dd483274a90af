/** RFC 9113. */
export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** END_STREAM and ACK are one bit: they never meet in a frame. */
export const frameFlag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const errorCode = {
  none: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
} as const;

export const settingId = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

export const headBytes = 9;
/** What either side may send before it is allowed more, and all that we allow. */
export const payloadBytesDefault = 16_384;
export const windowBytesMax = 2 ** 31 - 1;
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** The connection cannot go on; it is closed with this code. */
export class Http2Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface FrameHead {
  length: number;
  type: number;
  flags: number;
  stream: number;
}

/** 8 ns: single bytes into a Buffer, as its own methods check their arguments. */
export function writeFrameHead(bytes: Uint8Array, at: number, head: FrameHead): void {
  const { length, type, flags, stream } = head;
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeStreamId(bytes, at, stream);
}

export function writeStreamId(bytes: Uint8Array, at: number, stream: number): void {
  bytes[at + 5] = stream >>> 24;
  bytes[at + 6] = stream >>> 16;
  bytes[at + 7] = stream >>> 8;
  bytes[at + 8] = stream;
}

/** A whole frame. */
export function frame(head: Omit<FrameHead, 'length'>, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes + payload.length);
  writeFrameHead(bytes, 0, { ...head, length: payload.length });
  bytes.set(payload, headBytes);
  return bytes;
}

/** Takes one frame; the payload may be kept only for the time of the call. Throws Http2Error. */
export type TakeFrame = (head: FrameHead, payload: Buffer) => void;

/** Cuts what arrives into frames, however it was cut on its way. */
export class FrameReader {
  readonly #take: TakeFrame;
  /** A frame whose end has not come yet. */
  readonly #part = Buffer.allocUnsafeSlow(headBytes + payloadBytesDefault);
  #held = 0;
  /** One for all frames. */
  readonly #head: FrameHead = { length: 0, type: 0, flags: 0, stream: 0 };

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  /** Throws Http2Error; then the reader is not to be used again. */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#held > 0 && at < chunk.length) {
      const wanted = this.#held < headBytes ? headBytes : headBytes + this.#readHead(this.#part, 0).length;
      const end = Math.min(chunk.length, at + wanted - this.#held);
      chunk.copy(this.#part, this.#held, at, end);
      this.#held += end - at;
      at = end;
      if (this.#held < headBytes) return;
      if (this.#held === headBytes + this.#readHead(this.#part, 0).length) this.#release();
    }
    while (chunk.length - at >= headBytes) {
      const end = at + headBytes + this.#readHead(chunk, at).length;
      if (end > chunk.length) break;
      this.#take(this.#head, chunk.subarray(at + headBytes, end));
      at = end;
    }
    if (at === chunk.length) return;
    chunk.copy(this.#part, 0, at);
    this.#held = chunk.length - at;
  }

  #release(): void {
    const end = this.#held;
    this.#held = 0;
    this.#take(this.#head, this.#part.subarray(headBytes, end));
  }

  #readHead(bytes: Buffer, at: number): FrameHead {
    const head = this.#head;
    head.length = bytes.readUIntBE(at, 3);
    if (head.length > payloadBytesDefault)
      throw new Http2Error(errorCode.frameSize, `a frame of ${head.length} bytes`);
    head.type = bytes[at + 3] as number;
    head.flags = bytes[at + 4] as number;
    head.stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    return head;
  }
}
