/**
 * Messages on a stream of bytes: two little-endian lengths of 4 bytes, then a JSON object, then bytes that belong to it.
 */
const headBytes = 8;
const nothing = new Uint8Array();

export function encodeFrame(message: object, body: Uint8Array = nothing): Buffer {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, text, body]);
}

/** Takes bytes in any pieces and calls back once per whole frame. The body is lent: it is good until the call returns. */
export function createFrameReader(
  onFrame: (message: unknown, body: Uint8Array) => void,
): (bytes: Uint8Array) => void {
  let pieces: Uint8Array[] = [];
  let waiting = 0;
  let wanted = headBytes;
  return (bytes) => {
    pieces.push(bytes);
    waiting += bytes.length;
    if (waiting < wanted) return;
    let rest = Buffer.concat(pieces);
    for (;;) {
      wanted = frameBytes(rest);
      if (rest.length < wanted) break;
      const textEnd = headBytes + rest.readUInt32LE(0);
      onFrame(JSON.parse(rest.toString('utf8', headBytes, textEnd)), rest.subarray(textEnd, wanted));
      rest = rest.subarray(wanted);
    }
    pieces = [rest];
    waiting = rest.length;
  };
}

function frameBytes(bytes: Buffer): number {
  if (bytes.length < headBytes) return headBytes;
  return headBytes + bytes.readUInt32LE(0) + bytes.readUInt32LE(4);
}
