import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of one message; a multiple of every record's size is not needed, as the runner appends bytes. */
const pieceBytes = 256 * 1024;

/** Files of one folder that only grow, sent as they do. */
export interface Tail {
  /** From these lengths on; files that are not named, from their start. */
  rewind(have: Readonly<Record<string, number>>): void;
  /** Sends all that was written up to now; `send` resolves when there is room for more. */
  pump(send: (piece: { file: string; at: number }, bytes: Uint8Array) => Promise<void>): Promise<void>;
  /** Length and digest of each file. */
  sums(): Promise<Record<string, { bytes: number; sha256: string }>>;
}

export function createTail(dir: string): Tail {
  let sent: Record<string, number> = {};
  return {
    rewind(have) {
      sent = { ...have };
    },
    async pump(send) {
      for (const file of (await readdir(dir)).sort()) {
        const { size } = await stat(join(dir, file));
        if (size <= (sent[file] ?? 0)) continue;
        const handle = await open(join(dir, file), 'r');
        try {
          while ((sent[file] ?? 0) < size) {
            const at = sent[file] ?? 0;
            const bytes = await readAt(handle, { at, bytes: Math.min(pieceBytes, size - at) });
            sent[file] = at + bytes.length;
            await send({ file, at }, bytes);
          }
        } finally {
          await handle.close();
        }
      }
    },
    async sums() {
      const all: Record<string, { bytes: number; sha256: string }> = {};
      for (const file of await readdir(dir)) all[file] = await fileSum(join(dir, file));
      return all;
    },
  };
}

async function readAt(handle: FileHandle, from: { at: number; bytes: number }): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(from.bytes), 0, from.bytes, from.at);
  return buffer.subarray(0, bytesRead);
}

export async function fileSum(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of createReadStream(path)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
