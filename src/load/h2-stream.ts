import type { FramedBody } from './h2-body.ts';
import type { HeaderBlocks } from './hpack-encode.ts';
import type { HeaderField } from './hpack-table.ts';

/** How a stream ended. What had been answered by then lies in the stream. */
export type StreamEnd =
  | { kind: 'complete' }
  | { kind: 'reset'; code: number }
  /** Definite: the server's application did not see it. */
  | { kind: 'untaken'; reason: string }
  | { kind: 'broken'; error: Error };

/** One unary call on its way: what is to be sent of it, and what has been answered. */
export class H2Stream {
  readonly blocks: HeaderBlocks;
  readonly body: Buffer;
  readonly #onEnd: (how: StreamEnd) => void;
  #ended = false;
  /** 0 until its headers are written. */
  id = 0;
  /** Bytes of the body that the peer lets us send. */
  window = 0;
  sentBytes = 0;
  frames: FramedBody | undefined;
  /** What the connection had written when the last byte was; Infinity before. */
  endAt = Number.POSITIVE_INFINITY;
  head: readonly HeaderField[] | undefined;
  tail: readonly HeaderField[] | undefined;
  readonly answer: Buffer[] = [];
  answerBytes = 0;

  constructor(blocks: HeaderBlocks, body: Buffer, onEnd: (how: StreamEnd) => void) {
    this.blocks = blocks;
    this.body = body;
    this.#onEnd = onEnd;
  }

  /** The first end stands. */
  end(how: StreamEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(how);
  }
}

export function fieldOf(fields: readonly HeaderField[] | undefined, name: string): string | undefined {
  if (fields !== undefined) for (const field of fields) if (field.name === name) return field.value;
  return undefined;
}
