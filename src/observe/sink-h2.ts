import type { Socket } from 'node:net';
import { checkPing, pongFrame, readPeerSettings, readWord, settingsAckFrame } from '../wire/control.ts';
import { createFrameReader, type FrameHandler } from '../wire/frame-reader.ts';
import { createHeaderDecoder, type HeaderList, HpackError } from '../wire/hpack.ts';
import {
  firstWindowBytes,
  flag,
  frame,
  goawayFrame,
  H2Failure,
  h2Error,
  preface,
  setting,
  settingsFrame,
  windowBytesMax,
  wordFrame,
} from '../wire/http2.ts';
import { createH2Output, type H2Output } from './sink-h2-output.ts';
import { isRequest } from './sink-h2-request.ts';

/** One request of a connection. */
export interface H2Stream {
  id: number;
  headers: HeaderList;
  /** The peer has sent all of it. */
  ended: boolean;
  answered: boolean;
  /** It was reset: nothing may be sent on it. */
  gone: boolean;
  /** What the peer still takes of the answer's content; it may be below 0 after a change of settings. */
  windowBytes: number;
}

/** What requests are for. `S` is what it keeps of one. */
export interface H2Service<S extends H2Stream> {
  /** Headers came. Gives what `data` shall be called with; it may have been answered already. */
  begin(stream: H2Stream, output: H2Output): S;
  /** Part [from, to) of the body, lent for the call; `last`: the body is whole. Not called once it is answered. */
  data(stream: S, bytes: Buffer, from: number, to: number, last: boolean): void;
}

const streamsMax = 10_000;
const frameBytesMax = 1024 * 1024;
/** What was read is told to the peer in steps of this size: the sink must never be what holds a sender back. */
const windowStepBytes = 2 ** 30;
/** A peer that asks for answers (PING, SETTINGS) and reads none. */
const unreadBytesMax = 16 * 1024 * 1024;

const ownSettings = Buffer.concat([
  settingsFrame([
    [setting.maxConcurrentStreams, streamsMax],
    [setting.initialWindowSize, windowBytesMax],
    [setting.maxFrameSize, frameBytesMax],
  ]),
  wordFrame(frame.windowUpdate, 0, windowBytesMax - firstWindowBytes),
]);

/** Serves HTTP/2 on an accepted connection, of which the peer knows beforehand that it is HTTP/2. */
export function serveH2<S extends H2Stream>(socket: Socket, service: H2Service<S>): void {
  const link = new Link(socket, service);
  socket.on('data', (chunk: Buffer) => link.read(chunk));
}

/** One connection: streams, windows, and the frames that are about the connection itself (RFC 9113). */
class Link<S extends H2Stream> implements FrameHandler {
  readonly #socket: Socket;
  readonly #service: H2Service<S>;
  readonly #streams = new Map<number, S>();
  readonly #output: H2Output;
  readonly #decodeHeaders = createHeaderDecoder();
  readonly #readFrames = createFrameReader(this, frameBytesMax);
  #prefaceLeft = preface.length;
  #settled = false;
  #lastStream = 0;
  #firstWindowBytes = firstWindowBytes;
  /** Read since the peer was last told. */
  #readBytes = 0;

  constructor(socket: Socket, service: H2Service<S>) {
    this.#socket = socket;
    this.#service = service;
    this.#output = createH2Output({
      write: (bytes) => {
        if (socket.writable) socket.write(bytes);
      },
      onSent: (stream) => {
        if (stream.ended) this.#streams.delete(stream.id);
      },
    });
    socket.write(ownSettings);
  }

  read(chunk: Buffer): void {
    try {
      let from = 0;
      if (this.#prefaceLeft > 0) from = this.#takePreface(chunk);
      this.#readFrames(chunk, from, chunk.length);
      if (this.#socket.writableLength > unreadBytesMax) this.#socket.destroy();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    const broken = error instanceof HpackError ? new H2Failure(h2Error.compression, error.message) : error;
    if (!(broken instanceof H2Failure)) throw error;
    this.#socket.removeAllListeners('data');
    this.#socket.end(goawayFrame(this.#lastStream, broken.code, broken.message), () =>
      this.#socket.destroy(),
    );
  }

  #takePreface(chunk: Buffer): number {
    const at = preface.length - this.#prefaceLeft;
    const size = Math.min(chunk.length, this.#prefaceLeft);
    if (preface.compare(chunk, 0, size, at, at + size) !== 0) {
      throw new H2Failure(h2Error.protocol, 'not the preface of HTTP/2');
    }
    this.#prefaceLeft -= size;
    return size;
  }

  headers(id: number, block: Buffer, endStream: boolean): void {
    const headers = this.#decodeHeaders(block); // also of refused streams: the table is the connection's
    this.#needSettings(frame.headers);
    const open = this.#streams.get(id);
    if (open !== undefined) this.#trailers(open, endStream);
    else if (id > this.#lastStream) this.#begin(id, headers, endStream);
    // Otherwise it ended, or was reset by us, while this was under way.
  }

  #begin(id: number, headers: HeaderList, endStream: boolean): void {
    need(id % 2 === 1, h2Error.protocol, `a request on stream ${id}`);
    this.#lastStream = id;
    const refusal = this.#streams.size >= streamsMax ? h2Error.refusedStream : undefined;
    const code = refusal ?? (isRequest(headers) ? undefined : h2Error.protocol);
    if (code !== undefined) {
      this.#reset(id, code);
      return;
    }
    const windowBytes = this.#firstWindowBytes;
    const stream = this.#service.begin(
      { id, headers, ended: endStream, answered: false, gone: false, windowBytes },
      this.#output,
    );
    if (!endStream || !stream.answered) this.#streams.set(id, stream);
    if (endStream && !stream.answered) this.#service.data(stream, preface, 0, 0, true);
  }

  #trailers(stream: S, endStream: boolean): void {
    if (stream.ended) throw new H2Failure(h2Error.streamClosed, 'HEADERS after the end of their stream');
    if (endStream) this.data(stream.id, preface, 0, 0, true);
    else this.#reset(stream.id, h2Error.protocol);
  }

  data(id: number, bytes: Buffer, from: number, to: number, last: boolean): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#needKnown(id, 'DATA');
      return; // ended or reset by us, while this was under way
    }
    if (stream.ended) throw new H2Failure(h2Error.streamClosed, 'DATA after the end of its stream');
    stream.ended = last;
    if (stream.answered) {
      if (last) this.#streams.delete(id);
    } else this.#service.data(stream, bytes, from, to, last);
  }

  dataRead(_id: number, length: number): void {
    this.#readBytes += length;
    if (this.#readBytes < windowStepBytes) return;
    this.#output.raw(wordFrame(frame.windowUpdate, 0, this.#readBytes));
    this.#readBytes = 0;
  }

  control(type: number, flags: number, id: number, payload: Buffer): void {
    this.#needSettings(type);
    if (type === frame.settings) this.#settings(flags, id, payload);
    else if (type === frame.windowUpdate) this.#windowUpdate(id, payload);
    else if (type === frame.ping) {
      checkPing(id, payload);
      if ((flags & flag.ack) === 0) this.#output.raw(pongFrame(payload));
    } else if (type === frame.resetStream) {
      readWord(payload, 'RST_STREAM');
      this.#needKnown(id, 'RST_STREAM');
      this.#drop(id);
    } else if (type === frame.priority) {
      need(id !== 0, h2Error.protocol, 'PRIORITY on stream 0');
      if (payload.length !== 5) this.#reset(id, h2Error.frameSize);
    } else if (type === frame.goaway) need(id === 0, h2Error.protocol, 'GOAWAY on a stream');
    else throw new H2Failure(h2Error.protocol, `a client sent a frame of type ${type}`);
  }

  #settings(flags: number, id: number, payload: Buffer): void {
    const settings = readPeerSettings(flags, id, payload);
    if (settings === undefined) return;
    for (const [name, value] of settings) {
      if (name !== setting.initialWindowSize) continue;
      const grown = value - this.#firstWindowBytes;
      this.#firstWindowBytes = value;
      for (const stream of this.#streams.values()) this.#output.grant(stream, grown);
    }
    this.#output.raw(settingsAckFrame());
  }

  #windowUpdate(id: number, payload: Buffer): void {
    const bytes = readWord(payload, 'WINDOW_UPDATE') & 0x7fffffff;
    if (id !== 0) this.#needKnown(id, 'WINDOW_UPDATE');
    const stream = this.#streams.get(id);
    if (id !== 0 && stream === undefined) return;
    need(bytes > 0, h2Error.protocol, 'WINDOW_UPDATE by nothing');
    need(this.#output.grant(stream, bytes), h2Error.flowControl, 'a window of more than 2^31 - 1');
  }

  #needKnown(id: number, what: string): void {
    need(id !== 0 && id <= this.#lastStream, h2Error.protocol, `${what} on a stream that was never opened`);
  }

  /** The first frame of a connection is SETTINGS. */
  #needSettings(type: number): void {
    need(this.#settled || type === frame.settings, h2Error.protocol, 'the first frame is not SETTINGS');
    this.#settled = true;
  }

  #reset(id: number, code: number): void {
    this.#drop(id);
    this.#output.raw(wordFrame(frame.resetStream, id, code));
  }

  /** Nothing more is sent on it, and what still comes is passed over. */
  #drop(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    if (stream === undefined) return;
    stream.answered = true;
    stream.gone = true;
  }
}

function need(holds: boolean, code: number, message: string): void {
  if (!holds) throw new H2Failure(code, message);
}
