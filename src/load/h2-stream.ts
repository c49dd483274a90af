import type { HeaderList } from '../wire/hpack.ts';
import type { HeaderBlocks } from '../wire/hpack-encode.ts';
import type { FramedBody } from './h2-body.ts';

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
  head: HeaderList | undefined;
  tail: HeaderList | undefined;
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

export function fieldOf(fields: HeaderList | undefined, name: string): string | undefined {
  if (fields !== undefined)
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1];
  return undefined;
}
