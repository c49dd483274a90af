import {
  firstFrameBytesMax,
  flag,
  frame,
  frameHeadBytes,
  writeFrameHead,
  writeStreamId,
} from '../wire/http2.ts';

/**
 * A request body cut into DATA frames, so that a body that is used again costs only the writing of the new stream id
 * into each head. The first chunk holds the HEADERS frame too.
 */
export class FramedBody {
  /** Heads and parts in turn. */
  readonly #chunks: Buffer[] = [];
  readonly #body: Buffer;
  #block: Buffer | undefined;

  constructor(body: Buffer) {
    this.#body = body;
    for (let at = 0; at < body.length; at += firstFrameBytesMax) {
      const end = Math.min(body.length, at + firstFrameBytesMax);
      const head = Buffer.allocUnsafe(frameHeadBytes);
      writeFrameHead(head, 0, { ...dataHead, length: end - at, flags: end === body.length ? 1 : 0 });
      this.#chunks.push(head, body.subarray(at, end));
    }
  }

  /** HEADERS and all DATA. They are valid until the next call, which must wait until they have left. */
  chunksFor(block: Buffer, stream: number): readonly Buffer[] {
    if (block !== this.#block) this.#putBlock(block);
    const chunks = this.#chunks;
    const first = chunks[0] as Buffer;
    writeStreamId(first, 0, stream);
    writeStreamId(first, first.length - frameHeadBytes, stream);
    for (let i = 2; i < chunks.length; i += 2) writeStreamId(chunks[i] as Buffer, 0, stream);
    return chunks;
  }

  #putBlock(block: Buffer): void {
    this.#block = block;
    const { length } = this.#body;
    const first = Buffer.allocUnsafe(frameHeadBytes + block.length + frameHeadBytes);
    writeFrameHead(first, 0, headersHead(block, 0));
    first.set(block, frameHeadBytes);
    const size = Math.min(length, firstFrameBytesMax);
    const flags = size === length ? flag.endStream : 0;
    writeFrameHead(first, frameHeadBytes + block.length, { ...dataHead, length: size, flags });
    this.#chunks[0] = first;
  }
}

const dataHead = { type: frame.data, stream: 0 };

export function headersHead(block: Buffer, stream: number) {
  return { length: block.length, type: frame.headers, flags: flag.endHeaders, stream };
}
