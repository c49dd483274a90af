/** Frames of HTTP/2 (RFC 9113): names, and how they are written. Reading them is frame-reader.ts. */

export const frameHeadBytes = 9;
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const frame = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const h2Error = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
} as const;

export const firstWindowBytes = 65535;
export const windowBytesMax = 2 ** 31 - 1;
export const firstFrameBytesMax = 16384;

/** The peer broke the protocol: the connection ends with GOAWAY and this code. */
export class H2Failure extends Error {
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

/** Into the frame's head at `at`. */
export function writeStreamId(bytes: Uint8Array, at: number, stream: number): void {
  bytes[at + 5] = stream >>> 24;
  bytes[at + 6] = stream >>> 16;
  bytes[at + 7] = stream >>> 8;
  bytes[at + 8] = stream;
}

export function frameOf(of: { type: number; flags: number; stream: number; payload: Uint8Array }): Buffer {
  const bytes = Buffer.alloc(frameHeadBytes + of.payload.length);
  writeFrameHead(bytes, 0, { ...of, length: of.payload.length });
  bytes.set(of.payload, frameHeadBytes);
  return bytes;
}

export function settingsFrame(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  });
  return frameOf({ type: frame.settings, flags: 0, stream: 0, payload });
}

/** Frames whose payload is one 32-bit number: RST_STREAM (its code) and WINDOW_UPDATE (its increment). */
export function wordFrame(type: number, stream: number, word: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(word, 0);
  return frameOf({ type, flags: 0, stream, payload });
}

export function goawayFrame(lastStream: number, code: number, debug = ''): Buffer {
  const payload = Buffer.concat([Buffer.alloc(8), Buffer.from(debug)]);
  payload.writeUInt32BE(lastStream, 0);
  payload.writeUInt32BE(code, 4);
  return frameOf({ type: frame.goaway, flags: 0, stream: 0, payload });
}

/** [id, value] pairs of a SETTINGS payload, checked by RFC 9113 section 6.5.2. Unknown ids are among them. */
export function readSettings(payload: Buffer): [number, number][] {
  if (payload.length % 6 !== 0) throw new H2Failure(h2Error.frameSize, 'SETTINGS of an odd length');
  const found: [number, number][] = [];
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (id === setting.enablePush && value > 1)
      throw new H2Failure(h2Error.protocol, 'ENABLE_PUSH is 0 or 1');
    if (id === setting.initialWindowSize && value > windowBytesMax) {
      throw new H2Failure(h2Error.flowControl, 'an initial window of more than 2^31 - 1');
    }
    if (id === setting.maxFrameSize && (value < firstFrameBytesMax || value > 0xffffff)) {
      throw new H2Failure(h2Error.protocol, 'MAX_FRAME_SIZE out of bounds');
    }
    found.push([id, value]);
  }
  return found;
}
