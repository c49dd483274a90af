import {
  checkPing,
  goAwayFrame,
  pingFrame,
  pongFrame,
  readGoAway,
  readSettings,
  readWord,
  resetFrame,
  settingsAckFrame,
  settingsFrame,
  windowUpdateFrame,
} from './h2-control.ts';
import {
  errorCode,
  type FrameHead,
  FrameReader,
  frameFlag,
  frameType,
  Http2Error,
  preface,
} from './h2-frame.ts';
import { HeaderReader, type ReceivedHeaders, withoutPadding } from './h2-headers.ts';
import { H2Sender, streamIdMax } from './h2-sender.ts';
import type { H2Stream, StreamEnd } from './h2-stream.ts';

/** The connection below. */
export interface H2Wire {
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

/**
 * The client's half of HTTP/2 (RFC 9113) for unary calls: bytes in by `receive`, bytes out through the wire, no clock
 * and no socket.
 */
export class H2Session {
  readonly #wire: H2Wire;
  readonly #listener: H2Listener;
  readonly #sender: H2Sender;
  readonly #reader = new FrameReader((head, payload) => this.#take(head, payload));
  readonly #headers = new HeaderReader();
  #greeted = false;
  #consumed = 0;
  /** Streams above it were not processed by the peer (GOAWAY). */
  #lastTaken = Number.POSITIVE_INFINITY;
  #retired = false;
  #pong: (() => void) | undefined;

  constructor(wire: H2Wire, listener: H2Listener) {
    this.#wire = wire;
    this.#listener = listener;
    this.#sender = new H2Sender((chunk) => wire.write(chunk));
  }

  /** The connection preface. */
  begin(): void {
    this.#sender.write(preface);
    this.#sender.write(settingsFrame(answerBytesMax));
    this.#sender.write(windowUpdateFrame(0, receiveWindow));
  }

  /** Only while not retired. */
  request(stream: H2Stream): void {
    this.#sender.request(stream);
    if (this.#sender.nextId > streamIdMax) this.#retire('no stream ids are left');
  }

  /** We wait no longer. */
  cancel(stream: H2Stream): void {
    if (this.#sender.streams.get(stream.id) === stream)
      this.#sender.write(resetFrame(stream.id, errorCode.cancel));
    this.#over(stream, { kind: 'reset', code: errorCode.cancel });
  }

  ping(pong: () => void): void {
    this.#pong = pong;
    this.#sender.write(pingFrame());
  }

  /**
   * The chunk may be used again after the call. Throws when the connection cannot go on, the peer having been told of
   * its mistake: it is to be closed and `fail` to be called.
   */
  receive(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (error instanceof Http2Error) this.#sender.write(goAwayFrame(error.code));
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

  #take(head: FrameHead, payload: Buffer): void {
    const { type, flags, stream } = head;
    if (!this.#greeted && type !== frameType.settings)
      throw new Http2Error(errorCode.protocol, 'the peer does not begin as HTTP/2 does');
    this.#headers.check(head);
    switch (type) {
      case frameType.data:
        this.#takeData(this.#opened(stream), payload, flags);
        break;
      case frameType.headers:
      case frameType.continuation:
        this.#opened(stream);
        this.#takeHeaders(this.#headers.take(head, payload));
        break;
      case frameType.rstStream:
        this.#over(this.#opened(stream), { kind: 'reset', code: readWord(payload) });
        break;
      case frameType.settings:
        this.#takeSettings(readSettings(head, payload));
        break;
      case frameType.ping:
        this.#takePing(head, payload);
        break;
      case frameType.goaway:
        this.#takeGoAway(readGoAway(head, payload));
        break;
      case frameType.windowUpdate:
        this.#takeWindowUpdate(stream, readWord(payload) & 0x7fffffff);
        break;
      case frameType.pushPromise:
        throw new Http2Error(errorCode.protocol, 'a push, which we forbade');
    }
  }

  /** Undefined for one that has ended; a stream that never was is an error. */
  #opened(id: number): H2Stream | undefined {
    if (id % 2 === 0 || id >= this.#sender.nextId)
      throw new Http2Error(errorCode.protocol, `a frame of stream ${id}, which is not open`);
    return this.#sender.streams.get(id);
  }

  #takeData(stream: H2Stream | undefined, payload: Buffer, flags: number): void {
    this.#consumed += payload.length;
    if (this.#consumed > receiveWindow / 2) {
      this.#sender.write(windowUpdateFrame(0, this.#consumed));
      this.#consumed = 0;
    }
    const data = withoutPadding(payload, flags);
    if (stream === undefined) return;
    stream.answerBytes += data.length;
    if (stream.answerBytes > answerBytesMax) {
      this.#sender.write(resetFrame(stream.id, errorCode.cancel));
      this.#over(stream, { kind: 'broken', error: new Error(`an answer over ${answerBytesMax} bytes`) });
      return;
    }
    if (data.length > 0) stream.answer.push(Buffer.from(data));
    if (flags & frameFlag.endStream) this.#complete(stream);
  }

  #takeHeaders(headers: ReceivedHeaders | undefined): void {
    if (headers === undefined) return;
    const stream = this.#sender.streams.get(headers.stream);
    if (stream === undefined) return;
    if (stream.head !== undefined) stream.tail = headers.fields;
    else if (!isInterim(headers)) stream.head = headers.fields;
    if (headers.endStream) this.#complete(stream);
  }

  #takeSettings(settings: ReturnType<typeof readSettings>): void {
    this.#greeted = true;
    if (settings === undefined) return;
    for (const { id, value } of settings) this.#sender.applySetting(id, value);
    this.#sender.write(settingsAckFrame());
  }

  #takePing(head: FrameHead, payload: Buffer): void {
    checkPing(head, payload);
    if (head.flags & frameFlag.ack) this.#pong?.();
    else this.#sender.write(pongFrame(payload));
  }

  #takeGoAway({ last, code }: ReturnType<typeof readGoAway>): void {
    this.#lastTaken = Math.min(this.#lastTaken, last);
    this.#retire('GOAWAY');
    for (const one of [...this.#sender.streams.values()]) {
      if (one.id > this.#lastTaken)
        this.#over(one, { kind: 'untaken', reason: "above GOAWAY's last stream" });
    }
    if (code !== errorCode.none) throw new Error(`GOAWAY with code ${code}`); // those below get no answer either
    this.#tellDrained();
  }

  #takeWindowUpdate(id: number, bytes: number): void {
    if (bytes === 0) throw new Http2Error(errorCode.protocol, 'WINDOW_UPDATE of nothing');
    const stream = id === 0 ? undefined : this.#opened(id);
    if (id === 0 || stream !== undefined) this.#sender.allow(stream, bytes);
  }

  /** A body that the peer has not read to its end must not be used again before its bytes have left. */
  #complete(stream: H2Stream): void {
    const hasLeft = this.#sender.written - this.#wire.unsentBytes() >= stream.endAt;
    if (hasLeft) {
      this.#sender.recycle(stream);
      this.#over(stream, { kind: 'complete' });
      return;
    }
    if (stream.sentBytes < stream.body.length) this.#sender.write(resetFrame(stream.id, errorCode.cancel));
    this.#sender.forget(stream);
    this.#wire.afterFlush(() => this.#over(stream, { kind: 'complete' }));
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
function isInterim({ fields: [first] }: ReceivedHeaders): boolean {
  return first?.name === ':status' && first.value.startsWith('1');
}
