import { type Framing, Http1Error, readFields } from './http1.ts';

/** What is done with the messages of one direction of a connection. Bytes are lent: they are overwritten after the call. */
export interface MessageHandler<H extends { framing: Framing }> {
  /** Start line and fields, the empty line left off. Not called for a text that is the same as the last: nor is it parsed. */
  parse(text: string): H;
  head(head: H): void;
  /** Part [from, to) of the body, in order; `last`: the message ends with it. */
  body(bytes: Buffer, from: number, to: number, last: boolean): void;
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close';

const headBytesMax = 64 * 1024;
const lineBytesMax = 8 * 1024;
const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');
const nothing = Buffer.alloc(0);

/** Cuts bytes into messages, in whatever pieces they come. Throws Http1Error; after that it is of no more use. */
export class MessageReader<H extends { framing: Framing }> {
  readonly #handler: MessageHandler<H>;
  #state: State = 'head';
  /** Of the body, or of its present chunk. */
  #left = 0;
  /** A head or a line whose end has not come. */
  #store: Buffer = nothing;
  #held = 0;
  /** The head or line that was read last, its end left off. */
  #text: Buffer = nothing;
  #trailerBytes = 0;
  /** Peers repeat themselves: the same bytes are parsed once. With its end. */
  #lastText: Buffer = nothing;
  #lastHead: H | undefined;

  constructor(handler: MessageHandler<H>) {
    this.#handler = handler;
  }

  /** True from the first byte of a message to its last. */
  get begun(): boolean {
    return this.#state !== 'head' || this.#held > 0;
  }

  /** Of a message that ends with its connection. */
  get endsWithConnection(): boolean {
    return this.#state === 'until-close';
  }

  /** Reads of [from, to) what belongs to one message at most, and gives where to go on. */
  read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      at = this.#step(bytes, at, to);
      if (!this.begun) break;
    }
    return at;
  }

  #step(bytes: Buffer, at: number, to: number): number {
    switch (this.#state) {
      case 'head':
        return this.#stepHead(bytes, at, to);
      case 'chunk-size':
      case 'trailers':
        return this.#stepLine(bytes, at, to, lineBytesMax);
      case 'chunk-end':
        return this.#stepLine(bytes, at, to, 0);
      case 'length':
      case 'chunk':
        return this.#stepBody(bytes, at, Math.min(to, at + this.#left));
      case 'until-close':
        this.#handler.body(bytes, at, to, false);
        return to;
    }
  }

  #stepHead(bytes: Buffer, from: number, to: number): number {
    let at = from;
    if (this.#held === 0) {
      const known = this.#lastHead;
      const end = at + this.#lastText.length;
      if (known !== undefined && end <= to && bytes.compare(this.#lastText, 0, end - at, at, end) === 0) {
        this.#begin(known);
        return end;
      }
      while (at < to && isLineEnd(bytes[at])) at++; // empty lines before a message are passed over (section 2.2)
      if (at === to) return to;
      if (!isLetter(bytes[at])) throw new Http1Error('not HTTP/1'); // whoever speaks TLS here waits for an answer
    }
    const next = this.#take(bytes, at, to, { end: headEnd, bytesMax: headBytesMax, status: 431 });
    if (this.#held > 0) return next;
    const head = this.#handler.parse(this.#text.toString('latin1'));
    this.#lastText = Buffer.concat([this.#text, headEnd]);
    this.#lastHead = head;
    this.#begin(head);
    return next;
  }

  #begin(head: H): void {
    const { framing } = head;
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    const kind = framing.kind === 'length' && framing.bytes === 0 ? 'none' : framing.kind;
    this.#state = stateAfterHead[kind];
    this.#handler.head(head);
    if (kind === 'none') this.#handler.body(nothing, 0, 0, true);
  }

  #stepBody(bytes: Buffer, at: number, end: number): number {
    this.#left -= end - at;
    const last = this.#left === 0 && this.#state === 'length';
    if (this.#left === 0) this.#state = last ? 'head' : 'chunk-end';
    this.#handler.body(bytes, at, end, last);
    return end;
  }

  #stepLine(bytes: Buffer, at: number, to: number, bytesMax: number): number {
    const next = this.#take(bytes, at, to, { end: lineEnd, bytesMax, status: 400 });
    if (this.#held > 0) return next;
    const line = this.#text.toString('latin1');
    if (this.#state === 'chunk-size') {
      const size = /^([0-9a-f]{1,8})[\t ]*(;.*)?$/i.exec(line)?.[1];
      if (size === undefined) throw new Http1Error('a malformed chunk');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
      this.#trailerBytes = 0;
    } else if (this.#state === 'chunk-end') this.#state = 'chunk-size';
    else if (line === '') {
      this.#state = 'head';
      this.#handler.body(nothing, 0, 0, true);
    } else {
      readFields([line]); // nobody wants them, yet they must be some
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > headBytesMax) throw new Http1Error('trailers too large', 431);
    }
    return next;
  }

  /** Takes up a text of at most `bytesMax` bytes and then `end`; nothing is held when it is whole. */
  #take(
    bytes: Buffer,
    at: number,
    to: number,
    { end, bytesMax, status }: { end: Buffer; bytesMax: number; status: number },
  ): number {
    const held = this.#held;
    const size = Math.min(to - at, bytesMax + end.length - held);
    const part = bytes.subarray(at, at + size);
    if (held > 0) this.#hold(part);
    const text = held > 0 ? this.#store.subarray(0, held + size) : part;
    const found = text.indexOf(end, Math.max(0, held - end.length + 1));
    if (found >= 0) {
      this.#held = 0;
      this.#text = text.subarray(0, found);
      return at + found + end.length - held;
    }
    if (text.length === bytesMax + end.length) throw new Http1Error('a head or a line too long', status);
    if (held === 0) this.#hold(part);
    return at + size;
  }

  #hold(part: Buffer): void {
    const size = this.#held + part.length;
    if (size > this.#store.length) {
      const larger = Buffer.alloc(Math.max(size, 1024, 2 * this.#store.length));
      this.#store.copy(larger, 0, 0, this.#held);
      this.#store = larger;
    }
    part.copy(this.#store, this.#held);
    this.#held = size;
  }
}

const stateAfterHead: Record<Framing['kind'] | 'none', State> = {
  none: 'head',
  length: 'length',
  chunked: 'chunk-size',
  close: 'until-close',
};

const isLineEnd = (byte: number | undefined) => byte === 13 || byte === 10;

/** Any method of today and HTTP/ itself begin with one. */
const isLetter = (byte: number | undefined) => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
