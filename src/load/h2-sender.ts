import { tableBytesMax } from '../wire/hpack.ts';
import type { HeaderBlocks } from '../wire/hpack-encode.ts';
import {
  firstFrameBytesMax,
  firstWindowBytes,
  flag,
  frame,
  frameHeadBytes,
  frameOf,
  H2Failure,
  h2Error,
  setting,
  windowBytesMax,
  writeFrameHead,
} from '../wire/http2.ts';
import { FramedBody, headersHead } from './h2-body.ts';
import type { H2Stream } from './h2-stream.ts';

/** Stream ids of a client are odd and below 2^31. */
export const streamIdMax = 2 ** 31 - 1;

/** Frames of bodies that are idle: those of a body that is sent again while they may still be queued are not here. */
const idle = new WeakMap<Buffer, FramedBody>();

/** What we send on one connection: streams are opened in order, bodies as far as the peer's windows let them. */
export class H2Sender {
  readonly streams = new Map<number, H2Stream>();
  /** Not opened yet: the peer allows no more streams at once. */
  readonly waiting: H2Stream[] = [];
  /** Opened, but a window is used up. */
  readonly #blocked = new Set<H2Stream>();
  readonly #write: (chunk: Buffer) => void;
  #written = 0;
  #window = firstWindowBytes;
  #streamWindow = firstWindowBytes;
  #streamsMax = Number.POSITIVE_INFINITY;
  /** The list that the peer's table holds now. */
  #table: HeaderBlocks | undefined;
  #plain = false;
  #nextId = 1;

  constructor(write: (chunk: Buffer) => void) {
    this.#write = write;
  }

  /** Bytes written so far, frames of all kinds. */
  get written(): number {
    return this.#written;
  }

  get nextId(): number {
    return this.#nextId;
  }

  write(chunk: Buffer): void {
    this.#written += chunk.length;
    this.#write(chunk);
  }

  request(stream: H2Stream): void {
    if (this.streams.size < this.#streamsMax && this.waiting.length === 0) this.#open(stream);
    else this.waiting.push(stream);
  }

  /** The stream is over, whoever ended it. */
  forget(stream: H2Stream): void {
    if (stream.id === 0) {
      const at = this.waiting.indexOf(stream);
      if (at >= 0) this.waiting.splice(at, 1);
      return;
    }
    this.streams.delete(stream.id);
    this.#blocked.delete(stream);
    this.#openWaiting();
  }

  /** All that was written of it has left: its frames can be used again. */
  recycle({ body, frames }: H2Stream): void {
    if (frames !== undefined) idle.set(body, frames);
  }

  /** WINDOW_UPDATE; the stream's, or the connection's. */
  allow(stream: H2Stream | undefined, bytes: number): void {
    if (stream === undefined) {
      this.#window = widened(this.#window, bytes);
      for (const one of this.#blocked) this.#pump(one);
      return;
    }
    stream.window = widened(stream.window, bytes);
    if (this.#blocked.has(stream)) this.#pump(stream);
  }

  applySetting(id: number, value: number): void {
    switch (id) {
      case setting.headerTableSize:
        this.#plain = value < tableBytesMax;
        this.#table = undefined;
        return;
      case setting.maxConcurrentStreams:
        this.#streamsMax = value;
        this.#openWaiting();
        return;
      case setting.initialWindowSize:
        for (const stream of this.streams.values()) {
          stream.window = widened(stream.window, value - this.#streamWindow);
        }
        this.#streamWindow = value;
        for (const one of this.#blocked) this.#pump(one);
    }
  }

  #openWaiting(): void {
    while (this.streams.size < this.#streamsMax) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.#open(next);
    }
  }

  /** 1.5 us, when the windows have room for the whole body, and 0.2 us for each further frame of 16 KiB. */
  #open(stream: H2Stream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    stream.window = this.#streamWindow;
    this.streams.set(stream.id, stream);
    const block = this.#blockOf(stream.blocks);
    const { length } = stream.body;
    if (length > stream.window || length > this.#window) {
      this.write(frameOf({ ...headersHead(block, stream.id), payload: block }));
      this.#pump(stream);
      return;
    }
    this.#window -= length;
    stream.frames = takeFrames(stream.body);
    for (const chunk of stream.frames.chunksFor(block, stream.id)) this.write(chunk);
    stream.sentBytes = length;
    stream.endAt = this.#written;
  }

  #blockOf(blocks: HeaderBlocks): Buffer {
    if (this.#plain) return blocks.plain;
    if (this.#table === blocks) return blocks.again;
    this.#table = blocks;
    return blocks.first;
  }

  /** Sends what the windows let through. */
  #pump(stream: H2Stream): void {
    const { body } = stream;
    while (stream.sentBytes < body.length) {
      const left = body.length - stream.sentBytes;
      const size = Math.min(left, firstFrameBytesMax, stream.window, this.#window);
      if (size <= 0) {
        this.#blocked.add(stream);
        return;
      }
      const head = Buffer.allocUnsafe(frameHeadBytes);
      const flags = size === left ? flag.endStream : 0;
      writeFrameHead(head, 0, { length: size, type: frame.data, flags, stream: stream.id });
      this.write(head);
      this.write(body.subarray(stream.sentBytes, stream.sentBytes + size));
      stream.sentBytes += size;
      stream.window -= size;
      this.#window -= size;
    }
    this.#blocked.delete(stream);
    stream.endAt = this.#written;
  }
}

function widened(window: number, bytes: number): number {
  if (window + bytes > windowBytesMax) throw new H2Failure(h2Error.flowControl, 'a window too large');
  return window + bytes;
}

function takeFrames(body: Buffer): FramedBody {
  const found = idle.get(body);
  if (found === undefined) return new FramedBody(body);
  idle.delete(body);
  return found;
}
