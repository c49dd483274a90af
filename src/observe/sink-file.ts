import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** A file of fixed-size records that only grows by whole ones, however a write ends. */
export interface RecordFile {
  /** Throws when the disk does not take all of it; the file is then as it was before. */
  append(records: Uint8Array): void;
  close(): void;
}

export function openRecordFile(path: string, options: { durable: boolean }): RecordFile {
  const file = openSync(path, 'a');
  let sizeBytes = fstatSync(file).size;
  return {
    append(records) {
      try {
        for (let done = 0; done < records.length; ) done += writeSync(file, records, done);
        if (options.durable) fdatasyncSync(file);
      } catch (error) {
        ftruncateSync(file, sizeBytes); // half a record would put all later ones out of place
        throw error;
      }
      sizeBytes += records.length;
    },
    close: () => closeSync(file),
  };
}
