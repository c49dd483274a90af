import { flag, frame, frameHeadBytes, H2Failure, h2Error } from './http2.ts';

/** What a connection does with what it reads. Bytes are only lent: they are overwritten after the call. */
export interface FrameHandler {
  /** A whole header block, CONTINUATION included, padding and priority left out. */
  headers(stream: number, block: Buffer, endStream: boolean): void;
  /** Part [from, to) of a DATA frame's content, in order; `last`: the stream's content ends with it. */
  data(stream: number, bytes: Buffer, from: number, to: number, last: boolean): void;
  /** A DATA frame is over that took `length` bytes of the windows, padding included. */
  dataRead(stream: number, length: number): void;
  /** Any other known frame, whole. */
  control(type: number, flags: number, stream: number, payload: Buffer): void;
}

interface ReadState {
  handler: FrameHandler;
  frameBytesMax: number;
  head: Buffer;
  headSize: number;
  type: number;
  flags: number;
  stream: number;
  length: number;
  /** Bytes of the present payload still to come. */
  left: number;
  /** The payload so far, of frames that are taken up whole. */
  whole: Buffer[];
  /** Header block begun by a HEADERS frame without END_HEADERS. */
  block: { stream: number; endStream: boolean; parts: Buffer[]; sizeBytes: number } | undefined;
}

const blockBytesMax = 262144;

/**
 * Cuts the bytes of one direction of a connection into frames, in whatever pieces they come; the content of DATA is
 * passed on in place. Throws H2Failure; after that the reader is of no more use.
 */
export function createFrameReader(
  handler: FrameHandler,
  frameBytesMax: number,
): (bytes: Buffer, from: number, to: number) => void {
  const state: ReadState = {
    handler,
    frameBytesMax,
    head: Buffer.alloc(frameHeadBytes),
    headSize: 0,
    type: 0,
    flags: 0,
    stream: 0,
    length: 0,
    left: 0,
    whole: [],
    block: undefined,
  };
  return (bytes, from, to) => readFrames(state, bytes, from, to);
}

function readFrames(state: ReadState, bytes: Buffer, from: number, to: number): void {
  let at = from;
  while (at < to) {
    if (state.headSize < frameHeadBytes) {
      at = takeHead(state, bytes, at, to);
      if (state.headSize < frameHeadBytes) return;
      beginFrame(state);
      if (at === to && state.left > 0) return;
    }
    const end = Math.min(to, at + state.left);
    state.left -= end - at;
    if (state.type === frame.data && (state.flags & flag.padded) === 0) {
      passData(state, bytes, at, end);
    } else if (state.left === 0 && state.whole.length === 0) {
      endFrame(state, bytes.subarray(at, end));
    } else {
      state.whole.push(Buffer.from(bytes.subarray(at, end)));
      if (state.left === 0) endFrame(state, Buffer.concat(state.whole));
    }
    at = end;
    if (state.left === 0) {
      state.headSize = 0;
      if (state.whole.length > 0) state.whole = [];
    }
  }
}

function takeHead(state: ReadState, bytes: Buffer, at: number, to: number): number {
  const { head } = state;
  let next = at;
  while (next < to && state.headSize < frameHeadBytes) head[state.headSize++] = bytes[next++] as number;
  return next;
}

function beginFrame(state: ReadState): void {
  const { head } = state;
  const length = ((head[0] as number) << 16) | ((head[1] as number) << 8) | (head[2] as number);
  state.type = head[3] as number;
  state.flags = head[4] as number;
  state.stream = head.readUInt32BE(5) & 0x7fffffff;
  state.length = length;
  state.left = length;
  if (length > state.frameBytesMax) throw new H2Failure(h2Error.frameSize, `a frame of ${length} bytes`);
  const { block, type, stream } = state;
  if (block !== undefined && (type !== frame.continuation || block.stream !== stream)) {
    throw new H2Failure(h2Error.protocol, 'another frame within a header block');
  }
  if (type === frame.data && stream === 0) throw new H2Failure(h2Error.protocol, 'DATA on stream 0');
}

function passData(state: ReadState, bytes: Buffer, from: number, to: number): void {
  const over = state.left === 0;
  state.handler.data(state.stream, bytes, from, to, over && (state.flags & flag.endStream) !== 0);
  if (over) state.handler.dataRead(state.stream, state.length);
}

function endFrame(state: ReadState, payload: Buffer): void {
  const { handler, stream, type, flags } = state;
  const endStream = (flags & flag.endStream) !== 0;
  if (type === frame.data) {
    const { from, to } = withoutPadding(payload, flags, 0);
    handler.data(stream, payload, from, to, endStream);
    handler.dataRead(stream, state.length);
  } else if (type === frame.headers) {
    if (stream === 0) throw new H2Failure(h2Error.protocol, 'HEADERS on stream 0');
    const { from, to } = withoutPadding(payload, flags, (flags & flag.priority) === 0 ? 0 : 5);
    addToBlock(state, { stream, endStream, parts: [], sizeBytes: 0 }, payload.subarray(from, to));
  } else if (type === frame.continuation) {
    if (state.block === undefined) throw new H2Failure(h2Error.protocol, 'CONTINUATION of nothing');
    addToBlock(state, state.block, payload);
  } else if (type < frame.continuation) handler.control(type, flags, stream, payload);
  // Frames of unknown types are to be passed over (section 5.5).
}

function addToBlock(state: ReadState, block: NonNullable<ReadState['block']>, part: Buffer): void {
  const whole = (state.flags & flag.endHeaders) !== 0;
  if (whole && block.parts.length === 0) {
    state.handler.headers(block.stream, part, block.endStream);
    return;
  }
  block.parts.push(Buffer.from(part));
  block.sizeBytes += part.length + 1; // an empty one counts too: there must be an end to them
  if (block.sizeBytes > blockBytesMax) throw new H2Failure(h2Error.protocol, 'a header block without end');
  state.block = whole ? undefined : block;
  if (whole) state.handler.headers(block.stream, Buffer.concat(block.parts), block.endStream);
}

/** Where the content is: after the length of the padding and `skip` bytes, before the padding. */
function withoutPadding(payload: Buffer, flags: number, skip: number): { from: number; to: number } {
  const padded = (flags & flag.padded) !== 0;
  const from = (padded ? 1 : 0) + skip;
  const to = payload.length - (padded ? (payload[0] ?? payload.length) : 0);
  if (to < from) throw new H2Failure(h2Error.protocol, 'more padding than payload');
  return { from, to };
}
