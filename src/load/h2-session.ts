import {
  checkPing,
  pongFrame,
  readGoAway,
  readPeerSettings,
  readWord,
  settingsAckFrame,
} from '../wire/control.ts';
import { createFrameReader, type FrameHandler } from '../wire/frame-reader.ts';
import { createHeaderDecoder, type HeaderList, HpackError } from '../wire/hpack.ts';
import {
  firstFrameBytesMax,
  flag,
  frame,
  frameOf,
  goawayFrame,
  H2Failure,
  h2Error,
  preface,
  setting,
  settingsFrame,
  wordFrame,
} from '../wire/http2.ts';
import { H2Sender, streamIdMax } from './h2-sender.ts';
import type { H2Stream, StreamEnd } from './h2-stream.ts';

/** The connection below. */
export interface H2Socket {
  write(chunk: Buffer): void;
  /** Bytes written that have not left this process yet. */
  unsentBytes(): number;
  afterFlush(then: () => void): void;
}

export interface H2Listener {
  /** No further stream may be opened: GOAWAY, or no ids are left. */
  retired(reason: string): void;
  /** Retired, and the last stream has ended. */
  drained(): void;
}

/** More than an answer may have: one that outgrows it is cut off. */
const answerBytesMax = 4 * 1024 * 1024;
const receiveWindow = 64 * 1024 * 1024;
const ownSettings = settingsFrame([
  [setting.enablePush, 0],
  [setting.initialWindowSize, answerBytesMax],
]);
const greeting = Buffer.concat([preface, ownSettings, wordFrame(frame.windowUpdate, 0, receiveWindow)]);
const pingFrame = frameOf({ type: frame.ping, flags: 0, stream: 0, payload: Buffer.alloc(8) });

/** The client's half of HTTP/2 (RFC 9113) for unary calls: bytes in, bytes out, no clock and no connection. */
export class H2Session implements FrameHandler {
  readonly #socket: H2Socket;
  readonly #listener: H2Listener;
  readonly #sender: H2Sender;
  readonly #readFrames = createFrameReader(this, firstFrameBytesMax);
  readonly #decodeHeaders = createHeaderDecoder();
  #greeted = false;
  #consumed = 0;
  /** Streams above it were not processed by the peer (GOAWAY). */
  #lastTaken = Number.POSITIVE_INFINITY;
  #retired = false;
  #pong: (() => void) | undefined;

  constructor(socket: H2Socket, listener: H2Listener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#sender = new H2Sender((chunk) => socket.write(chunk));
  }

  /** The connection preface. */
  begin(): void {
    this.#sender.write(greeting);
  }

  /** Only while not retired. */
  request(stream: H2Stream): void {
    this.#sender.request(stream);
    if (this.#sender.nextId > streamIdMax) this.#retire('no stream ids are left');
  }

  /** We wait no longer. */
  cancel(stream: H2Stream): void {
    if (this.#sender.streams.get(stream.id) === stream)
      this.#sender.write(wordFrame(frame.resetStream, stream.id, h2Error.cancel));
    this.#over(stream, { kind: 'reset', code: h2Error.cancel });
  }

  ping(pong: () => void): void {
    this.#pong = pong;
    this.#sender.write(pingFrame);
  }

  /**
   * The chunk may be used again after the call. Throws when the connection cannot go on, the peer having been told of
   * its mistake: it is to be closed and `fail` to be called.
   */
  receive(chunk: Buffer): void {
    try {
      this.#readFrames(chunk, 0, chunk.length);
    } catch (error) {
      const code =
        error instanceof HpackError ? h2Error.compression : error instanceof H2Failure && error.code;
      if (typeof code === 'number') this.#sender.write(goawayFrame(0, code));
      throw error;
    }
  }

  /** The connection is gone: every stream ends. */
  fail(error: Error): void {
    this.#retired = true;
    for (const stream of [...this.#sender.waiting]) {
      this.#over(stream, { kind: 'untaken', reason: `never sent: ${error.message}` });
    }
    for (const stream of [...this.#sender.streams.values()]) this.#over(stream, { kind: 'broken', error });
  }

  headers(id: number, block: Buffer, endStream: boolean): void {
    this.#expectGreeted(frame.headers);
    const fields = this.#decodeHeaders(block); // also of streams that are over: the table is the connection's
    const stream = this.#opened(id);
    if (stream === undefined) return;
    if (stream.head !== undefined) stream.tail = fields;
    else if (!isInterim(fields)) stream.head = fields;
    if (endStream) this.#complete(stream);
  }

  data(id: number, bytes: Buffer, from: number, to: number, last: boolean): void {
    this.#expectGreeted(frame.data);
    const stream = this.#opened(id);
    if (stream === undefined) return;
    stream.answerBytes += to - from;
    if (stream.answerBytes > answerBytesMax) {
      this.#sender.write(wordFrame(frame.resetStream, stream.id, h2Error.cancel));
      this.#over(stream, { kind: 'broken', error: new Error(`an answer over ${answerBytesMax} bytes`) });
      return;
    }
    if (to > from) stream.answer.push(Buffer.from(bytes.subarray(from, to)));
    if (last) this.#complete(stream);
  }

  dataRead(_id: number, length: number): void {
    this.#consumed += length;
    if (this.#consumed <= receiveWindow / 2) return;
    this.#sender.write(wordFrame(frame.windowUpdate, 0, this.#consumed));
    this.#consumed = 0;
  }

  control(type: number, flags: number, stream: number, payload: Buffer): void {
    this.#expectGreeted(type);
    switch (type) {
      case frame.resetStream:
        this.#over(this.#opened(stream), { kind: 'reset', code: readWord(payload, 'RST_STREAM') });
        break;
      case frame.settings:
        this.#takeSettings(readPeerSettings(flags, stream, payload));
        break;
      case frame.ping:
        checkPing(stream, payload);
        if (flags & flag.ack) this.#pong?.();
        else this.#sender.write(pongFrame(payload));
        break;
      case frame.goaway:
        this.#takeGoAway(readGoAway(stream, payload));
        break;
      case frame.windowUpdate:
        this.#takeWindowUpdate(stream, readWord(payload, 'WINDOW_UPDATE') & 0x7fffffff);
        break;
      case frame.pushPromise:
        throw new H2Failure(h2Error.protocol, 'a push, which we forbade');
    }
  }

  /** The first frame of a connection is SETTINGS. */
  #expectGreeted(type: number): void {
    if (!this.#greeted && type !== frame.settings)
      throw new H2Failure(h2Error.protocol, 'the peer does not begin as HTTP/2 does');
    this.#greeted = true;
  }

  /** Undefined for one that has ended; a stream that never was is an error. */
  #opened(id: number): H2Stream | undefined {
    if (id % 2 === 0 || id >= this.#sender.nextId)
      throw new H2Failure(h2Error.protocol, `a frame of stream ${id}, which is not open`);
    return this.#sender.streams.get(id);
  }

  #takeSettings(settings: ReturnType<typeof readPeerSettings>): void {
    if (settings === undefined) return;
    for (const [id, value] of settings) this.#sender.applySetting(id, value);
    this.#sender.write(settingsAckFrame());
  }

  #takeGoAway({ last, code }: ReturnType<typeof readGoAway>): void {
    this.#lastTaken = Math.min(this.#lastTaken, last);
    this.#retire('GOAWAY');
    for (const one of [...this.#sender.streams.values()]) {
      if (one.id > this.#lastTaken)
        this.#over(one, { kind: 'untaken', reason: "above GOAWAY's last stream" });
    }
    if (code !== h2Error.none) throw new Error(`GOAWAY with code ${code}`); // those below get no answer either
    this.#tellDrained();
  }

  #takeWindowUpdate(id: number, bytes: number): void {
    if (bytes === 0) throw new H2Failure(h2Error.protocol, 'WINDOW_UPDATE of nothing');
    const stream = id === 0 ? undefined : this.#opened(id);
    if (id === 0 || stream !== undefined) this.#sender.allow(stream, bytes);
  }

  /** A body that the peer has not read to its end must not be used again before its bytes have left. */
  #complete(stream: H2Stream): void {
    const hasLeft = this.#sender.written - this.#socket.unsentBytes() >= stream.endAt;
    if (hasLeft) {
      this.#sender.recycle(stream);
      this.#over(stream, { kind: 'complete' });
      return;
    }
    if (stream.sentBytes < stream.body.length)
      this.#sender.write(wordFrame(frame.resetStream, stream.id, h2Error.cancel));
    this.#sender.forget(stream);
    this.#socket.afterFlush(() => this.#over(stream, { kind: 'complete' }));
  }

  #over(stream: H2Stream | undefined, how: StreamEnd): void {
    if (stream === undefined) return;
    this.#sender.forget(stream);
    stream.end(how);
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#retired && this.#sender.streams.size === 0) this.#listener.drained();
  }

  #retire(reason: string): void {
    if (this.#retired) return;
    this.#retired = true;
    for (const one of [...this.#sender.waiting])
      this.#over(one, { kind: 'untaken', reason: `never sent: ${reason}` });
    this.#listener.retired(reason);
  }
}

/** 100 Continue and the like: the answer is still to come. */
function isInterim(fields: HeaderList): boolean {
  return fields[0] === ':status' && fields[1]?.startsWith('1') === true;
}
