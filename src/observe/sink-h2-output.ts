import {
  firstFrameBytesMax,
  firstWindowBytes,
  flag,
  frame,
  frameOf,
  windowBytesMax,
  wordFrame,
} from '../wire/http2.ts';
import type { H2Stream } from './sink-h2.ts';

/** An answer, its header blocks encoded. Without trailers the headers end it. */
export interface H2Answer {
  headers: Buffer;
  content?: Buffer;
  trailers?: Buffer;
}

/** What a connection sends: all that was said within one turn of the event loop goes out in one write. */
export interface H2Output {
  /** The whole answer to a stream, as far as the peer's windows allow now, the rest as they open. */
  answer(stream: H2Stream, answer: H2Answer): void;
  reset(stream: H2Stream, code: number): void;
  /** A frame that no window holds back. */
  raw(bytes: Buffer): void;
  /** The peer takes `bytes` more on a stream, or (undefined) on the connection; false: more than a window can hold. */
  grant(stream: H2Stream | undefined, bytes: number): boolean;
}

interface Waiting {
  stream: H2Stream;
  content: Buffer;
  trailers: Buffer;
}

export function createH2Output(on: {
  write(bytes: Buffer): void;
  /** The last of a stream was sent. */
  onSent(stream: H2Stream): void;
}): H2Output {
  let out: Buffer[] = [];
  let windowBytes = firstWindowBytes;
  let waiting: Waiting[] = [];
  const flush = () => {
    const whole = out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out);
    out = [];
    on.write(whole);
  };
  const raw = (bytes: Buffer) => {
    if (out.push(bytes) === 1) process.nextTick(flush);
  };
  /** Sends what the windows allow; true when that was all. */
  const advance = (one: Waiting): boolean => {
    const { stream } = one;
    while (one.content.length > 0) {
      const size = Math.min(one.content.length, windowBytes, stream.windowBytes, firstFrameBytesMax);
      if (size <= 0) return false;
      windowBytes -= size;
      stream.windowBytes -= size;
      const payload = one.content.subarray(0, size);
      raw(frameOf({ type: frame.data, flags: 0, stream: stream.id, payload }));
      one.content = one.content.subarray(size);
    }
    raw(headersFrame(stream.id, one.trailers, true));
    return true;
  };
  return {
    raw,
    answer(stream, { headers, content, trailers }) {
      if (stream.answered) return;
      stream.answered = true;
      raw(headersFrame(stream.id, headers, trailers === undefined));
      if (trailers !== undefined) {
        const rest = { stream, content: content ?? Buffer.alloc(0), trailers };
        if (!advance(rest)) return void waiting.push(rest);
      }
      on.onSent(stream);
    },
    reset(stream, code) {
      if (stream.answered) return;
      stream.answered = true;
      stream.ended = true; // whatever else comes of it is passed over
      raw(wordFrame(frame.resetStream, stream.id, code));
      on.onSent(stream);
    },
    grant(stream, bytes) {
      const grown = (stream === undefined ? windowBytes : stream.windowBytes) + bytes;
      if (grown > windowBytesMax) return false;
      if (stream === undefined) windowBytes = grown;
      else stream.windowBytes = grown;
      const open = waiting;
      waiting = [];
      for (const one of open) {
        if (one.stream.gone) continue;
        if (advance(one)) on.onSent(one.stream);
        else waiting.push(one);
      }
      return true;
    },
  };
}

function headersFrame(stream: number, payload: Buffer, endStream: boolean): Buffer {
  const flags = flag.endHeaders | (endStream ? flag.endStream : 0);
  return frameOf({ type: frame.headers, flags, stream, payload });
}
