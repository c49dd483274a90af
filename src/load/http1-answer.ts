import { Http1Error } from '../wire/http1.ts';
import { type MessageHandler, MessageReader } from '../wire/http1-reader.ts';
import { type AnswerHead, parseHead } from './http1-head.ts';

export interface Answer {
  head: AnswerHead;
  body: Buffer;
}

const answerBytesMax = 4 * 1024 * 1024;
const nothing = Buffer.alloc(0);

/** Reads the answers of one connection, one at a time, however their bytes were cut on their way. */
export class AnswerReader implements MessageHandler<AnswerHead> {
  readonly #reader = new MessageReader<AnswerHead>(this);
  readonly parse = parseHead;
  #head: AnswerHead | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #answer: Answer | undefined;

  /** True from the first byte of an answer to its last. */
  get begun(): boolean {
    return this.#reader.begun;
  }

  /**
   * Gives the answer with its last byte, and how many bytes of the chunk came after it. The chunk may be used again
   * after the call. Throws Http1Error.
   */
  push(chunk: Buffer): { answer: Answer; surplus: number } | undefined {
    let at = 0;
    while (at < chunk.length) {
      at = this.#reader.read(chunk, at, chunk.length);
      const answer = this.#answer;
      this.#answer = undefined;
      if (answer !== undefined) return { answer, surplus: chunk.length - at };
    }
    return undefined;
  }

  /** The connection has ended: the answer, if that is how it ends. */
  finish(): Answer | undefined {
    return this.#reader.endsWithConnection ? this.#take() : undefined;
  }

  head(head: AnswerHead): void {
    if (head.status === 101) throw new Http1Error('another protocol');
    this.#head = head;
  }

  body(bytes: Buffer, from: number, to: number, last: boolean): void {
    this.#bytes += to - from;
    if (this.#bytes > answerBytesMax) throw new Http1Error(`an answer of more than ${answerBytesMax} bytes`);
    if (to > from) this.#chunks.push(Buffer.from(bytes.subarray(from, to)));
    if (!last) return;
    const answer = this.#take();
    if (answer.head.status >= 200) this.#answer = answer; // below, the answer is still to come
  }

  #take(): Answer {
    const head = this.#head;
    if (head === undefined) throw new Http1Error('a body without a head');
    const body = this.#chunks.length === 0 ? nothing : Buffer.concat(this.#chunks);
    this.#head = undefined;
    this.#chunks = [];
    this.#bytes = 0;
    return { head, body };
  }
}
