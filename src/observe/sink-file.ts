import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** A file of fixed-size records that only grows by whole ones, however a write ends. */
export interface RecordFile {
  /** Throws when the kernel does not take all of it; the file is then as it was before. */
  append(records: Uint8Array): void;
  /** Calls back when all so far is on disk; with a failure, the file is as it was at the last sync. */
  sync(done: (failure?: Error) => void): void;
  close(): void;
}

export function openRecordFile(path: string): RecordFile {
  const file = openSync(path, 'a');
  let sizeBytes = fstatSync(file).size;
  let syncedBytes = sizeBytes;
  return {
    append(records) {
      try {
        for (let done = 0; done < records.length; ) done += writeSync(file, records, done);
      } catch (error) {
        ftruncateSync(file, sizeBytes); // half a record would put all later ones out of place
        throw error;
      }
      sizeBytes += records.length;
    },
    sync(done) {
      const sizeThen = sizeBytes;
      fdatasync(file, (error) => {
        if (error === null) syncedBytes = sizeThen;
        else {
          ftruncateSync(file, syncedBytes);
          sizeBytes = syncedBytes;
        }
        done(error ?? undefined);
      });
    },
    close: () => closeSync(file),
  };
}
