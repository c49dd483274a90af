import { type AnswerHead, Http1Error, parseHead } from './http1-head.ts';

export interface Answer {
  head: AnswerHead;
  body: Buffer;
}

const headBytesMax = 64 * 1024;
const lineBytesMax = 8 * 1024;
const answerBytesMax = 4 * 1024 * 1024;
const nothing = Buffer.alloc(0);
const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close';

/** Reads the answers of one connection, one at a time, however their bytes were cut on their way. */
export class AnswerReader {
  #state: State = 'head';
  /** Of a head or a line whose end has not come. */
  #part: Buffer = nothing;
  #head: AnswerHead | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Of the body, or of its present chunk. */
  #left = 0;
  /** Servers answer alike for as long as their date stays: the same bytes are parsed once. */
  #lastText: Buffer = nothing;
  #lastHead: AnswerHead | undefined;

  /** True from the first byte of an answer to its last. */
  get begun(): boolean {
    return this.#head !== undefined || this.#part.length > 0;
  }

  /**
   * Gives the answer with its last byte, and how many bytes of the chunk came after it. The chunk may be used again
   * after the call. Throws Http1Error.
   */
  push(chunk: Buffer): { answer: Answer; surplus: number } | undefined {
    let at = 0;
    while (at < chunk.length) {
      at = this.#step(chunk, at);
      const answer = this.#takeWhole();
      if (answer !== undefined) return { answer, surplus: chunk.length - at };
    }
    return undefined;
  }

  /** The connection has ended: the answer, if that is how it ends. */
  finish(): Answer | undefined {
    return this.#state === 'until-close' ? this.#take() : undefined;
  }

  /** Moves on by at least a byte and returns where to go on. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#stepHead(chunk, at);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailers':
        return this.#stepLine(chunk, at);
      case 'body':
      case 'chunk': {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        this.#keep(chunk.subarray(at, end));
        if (this.#state === 'chunk' && this.#left === 0) this.#state = 'chunk-end';
        return end;
      }
      case 'until-close':
        this.#keep(chunk.subarray(at));
        return chunk.length;
    }
  }

  #stepHead(chunk: Buffer, at: number): number {
    const held = this.#part.length;
    const bytes = held === 0 ? chunk.subarray(at) : Buffer.concat([this.#part, chunk.subarray(at)]);
    const end = bytes.indexOf(headEnd, Math.max(0, held - 3));
    if (end < 0) {
      if (bytes.length > headBytesMax) throw new Http1Error('a head too large');
      this.#part = Buffer.from(bytes);
      return chunk.length;
    }
    this.#part = nothing;
    const head = this.#parse(bytes.subarray(0, end));
    if (head.status === 101) throw new Http1Error('another protocol');
    if (head.status >= 200) this.#begin(head); // below, the answer is still to come
    return at + end + headEnd.length - held;
  }

  #parse(text: Buffer): AnswerHead {
    if (this.#lastHead !== undefined && text.equals(this.#lastText)) return this.#lastHead;
    const head = parseHead(text.toString('latin1'));
    this.#lastText = Buffer.from(text);
    this.#lastHead = head;
    return head;
  }

  #begin(head: AnswerHead): void {
    this.#head = head;
    const { framing } = head;
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    this.#state =
      framing.kind === 'length' ? 'body' : framing.kind === 'chunked' ? 'chunk-size' : 'until-close';
  }

  #stepLine(chunk: Buffer, at: number): number {
    const held = this.#part.length;
    const bytes = held === 0 ? chunk.subarray(at) : Buffer.concat([this.#part, chunk.subarray(at)]);
    const end = bytes.indexOf(lineEnd);
    if (end > lineBytesMax || (end < 0 && bytes.length > lineBytesMax))
      throw new Http1Error('a line too long');
    if (end < 0) {
      this.#part = Buffer.from(bytes);
      return chunk.length;
    }
    this.#part = nothing;
    this.#takeLine(bytes.toString('latin1', 0, end));
    return at + end + lineEnd.length - held;
  }

  #takeLine(line: string): void {
    if (this.#state === 'chunk-size') {
      const size = /^([0-9a-f]{1,8})\s*(;|$)/i.exec(line)?.[1];
      if (size === undefined) throw new Http1Error('a malformed chunk');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new Http1Error('a chunk longer than it says');
      this.#state = 'chunk-size';
    } else if (line === '') this.#state = 'body'; // after the trailers, with nothing left of it
  }

  #keep(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > answerBytesMax) throw new Http1Error(`an answer of more than ${answerBytesMax} bytes`);
    if (bytes.length > 0) this.#chunks.push(Buffer.from(bytes));
  }

  #takeWhole(): Answer | undefined {
    return this.#state === 'body' && this.#left === 0 ? this.#take() : undefined;
  }

  #take(): Answer | undefined {
    const head = this.#head;
    if (head === undefined) return undefined;
    const body = this.#chunks.length === 0 ? nothing : Buffer.concat(this.#chunks);
    this.#state = 'head';
    this.#head = undefined;
    this.#chunks = [];
    this.#bytes = 0;
    return { head, body };
  }
}
