import { errorCode, type FrameHead, frameFlag, frameType, Http2Error } from './h2-frame.ts';
import { HpackDecoder, HpackError } from './hpack-decode.ts';
import type { HeaderField } from './hpack-table.ts';

const blockBytesMax = 256 * 1024;

export interface ReceivedHeaders {
  stream: number;
  endStream: boolean;
  fields: HeaderField[];
}

/** Puts the header blocks of a connection together (HEADERS, then CONTINUATION without anything in between). */
export class HeaderReader {
  readonly #hpack = new HpackDecoder();
  #open: { stream: number; endStream: boolean; parts: Buffer[]; bytes: number } | undefined;

  /** Throws when this frame may not come now. */
  check({ type, stream }: FrameHead): void {
    const expected = this.#open?.stream;
    const continues = type === frameType.continuation && stream === expected;
    if (expected !== undefined ? !continues : type === frameType.continuation)
      throw new Http2Error(errorCode.protocol, 'a header block interrupted, or continued without a start');
  }

  /** Takes HEADERS or CONTINUATION; gives the headers with their last frame. */
  take({ type, stream, flags }: FrameHead, payload: Buffer): ReceivedHeaders | undefined {
    const ended = (flags & frameFlag.endHeaders) !== 0;
    const open = this.#open;
    if (type === frameType.headers || open === undefined) {
      const fragment = withoutPriority(withoutPadding(payload, flags), flags);
      const endStream = (flags & frameFlag.endStream) !== 0;
      if (ended) return { stream, endStream, fields: this.#decode(fragment) };
      this.#open = { stream, endStream, parts: [Buffer.from(fragment)], bytes: fragment.length };
      return undefined;
    }
    open.parts.push(Buffer.from(payload));
    open.bytes += payload.length + 1; // an empty one counts too: there must be an end to them
    if (open.bytes > blockBytesMax) throw new Http2Error(errorCode.protocol, 'headers too large');
    if (!ended) return undefined;
    this.#open = undefined;
    return { stream, endStream: open.endStream, fields: this.#decode(Buffer.concat(open.parts)) };
  }

  #decode(block: Buffer): HeaderField[] {
    try {
      return this.#hpack.decode(block);
    } catch (error) {
      if (error instanceof HpackError) throw new Http2Error(errorCode.compression, error.message);
      throw error;
    }
  }
}

/** Of DATA and HEADERS. */
export function withoutPadding(payload: Buffer, flags: number): Buffer {
  if ((flags & frameFlag.padded) === 0) return payload;
  const padding = payload[0] ?? Number.POSITIVE_INFINITY;
  if (padding >= payload.length) throw new Http2Error(errorCode.protocol, 'padding longer than its frame');
  return payload.subarray(1, payload.length - padding);
}

function withoutPriority(payload: Buffer, flags: number): Buffer {
  if ((flags & frameFlag.priority) === 0) return payload;
  if (payload.length < 5) throw new Http2Error(errorCode.frameSize, 'HEADERS cut off');
  return payload.subarray(5);
}
