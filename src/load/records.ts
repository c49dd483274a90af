import { type FileHandle, open } from 'node:fs/promises';
import { type RequestClass, requestRecordBytes } from '../observe/evidence.ts';

/** One export request as evidence keeps it; times in ns from t = 0, NaN where there is none. */
export interface RequestRecord {
  stream: number;
  from: number;
  count: number;
  dueNs: number;
  sendNs: number;
  finalNs: number;
  class: RequestClass;
  rejected: number;
  attempts: number;
  status: number;
  /** See PeerRecord; -1: no attempt was carried by a connection. */
  peer: number;
}

const recordsPerBlock = 4096;

/** Appends request records to a file in blocks, off the worker's own time; a write that fails is reported by flush. */
export class RecordWriter {
  readonly #file: FileHandle;
  #block = newBlock();
  #used = 0;
  #written: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<RecordWriter> {
    return new RecordWriter(await open(path, 'a'));
  }

  append(record: RequestRecord): void {
    this.#used = writeRecord(this.#block, this.#used, record);
    if (this.#used === this.#block.byteLength) this.#send();
  }

  /** Resolves when all records so far are handed to the operating system. */
  flush(): Promise<void> {
    if (this.#used > 0) this.#send();
    return this.#written;
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#file.close();
    }
  }

  #send(): void {
    const block = new Uint8Array(this.#block.buffer, 0, this.#used);
    this.#block = newBlock();
    this.#used = 0;
    this.#written = this.#written.then(() => writeAll(this.#file, block));
    this.#written.catch(() => {}); // seen by the next flush, which every worker makes once a second
  }
}

/** In the order of requestFields. By name: in a loop over names each load is a slow one. */
function writeRecord(block: DataView, at: number, record: RequestRecord): number {
  block.setFloat64(at, record.stream, true);
  block.setFloat64(at + 8, record.from, true);
  block.setFloat64(at + 16, record.count, true);
  block.setFloat64(at + 24, record.dueNs, true);
  block.setFloat64(at + 32, record.sendNs, true);
  block.setFloat64(at + 40, record.finalNs, true);
  block.setFloat64(at + 48, record.class, true);
  block.setFloat64(at + 56, record.rejected, true);
  block.setFloat64(at + 64, record.attempts, true);
  block.setFloat64(at + 72, record.status, true);
  block.setFloat64(at + 80, record.peer, true);
  return at + requestRecordBytes;
}

function newBlock(): DataView {
  return new DataView(new ArrayBuffer(recordsPerBlock * requestRecordBytes));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at);
    at += bytesWritten;
  }
}
