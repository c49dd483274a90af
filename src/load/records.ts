import { type FileHandle, open } from 'node:fs/promises';
import { type RequestClass, requestFields, requestRecordBytes } from '../observe/evidence.ts';

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
    for (const name of requestFields) {
      this.#block.setFloat64(this.#used, record[name], true);
      this.#used += 8;
    }
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

function newBlock(): DataView {
  return new DataView(new ArrayBuffer(recordsPerBlock * requestRecordBytes));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at);
    at += bytesWritten;
  }
}
