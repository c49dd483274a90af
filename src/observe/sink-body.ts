const scratchBytes = 4 * 1024 * 1024;

/** The pieces of one request's body as they come. */
export interface BodyParts {
  add(piece: Buffer): void;
  /** All bytes so far, also those that were not kept. */
  sizeBytes(): number;
  /**
   * The body in one piece, valid until the next body is taken; the parts are let go of, as Node keeps a closed HTTP/2
   * stream with its listeners until the next full collection.
   */
  take(): Buffer;
}

/** Gathers bodies of up to `bytesMax`; of a larger one nothing is kept. Bodies are joined in one buffer, in turn. */
export function createBodyGatherer(bytesMax: number): () => BodyParts {
  let scratch = Buffer.alloc(0);
  const join = (pieces: readonly Buffer[], size: number): Buffer => {
    const [first] = pieces;
    if (first !== undefined && pieces.length === 1) return first;
    if (size > scratchBytes) return Buffer.concat(pieces, size);
    if (scratch.length === 0) scratch = Buffer.allocUnsafeSlow(scratchBytes);
    let at = 0;
    for (const piece of pieces) at += piece.copy(scratch, at);
    return scratch.subarray(0, size);
  };
  return () => {
    let pieces: Buffer[] = [];
    let size = 0;
    return {
      add(piece) {
        size += piece.length;
        if (size <= bytesMax) pieces.push(piece);
        else pieces = [];
      },
      sizeBytes: () => size,
      take() {
        const whole = join(pieces, Math.min(size, bytesMax));
        pieces = [];
        return whole;
      },
    };
  };
}
