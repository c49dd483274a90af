import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Columns } from './ledger-types.ts';

const pieceRecords = 8192;

/**
 * Reads a file of fixed-size records of little-endian float64, one per field, into columns. A torn tail (the writer was
 * killed within a record) is ignored; a file that is not there throws.
 */
export function readColumns(file: string, fields: readonly string[]): Columns {
  const handle = openSync(file, 'r');
  try {
    const recordBytes = fields.length * 8;
    const count = Math.floor(fstatSync(handle).size / recordBytes);
    const columns = fields.map(() => new Float64Array(count));
    const piece = Buffer.alloc(pieceRecords * recordBytes);
    let row = 0;
    while (row < count) {
      const wanted = Math.min(pieceRecords, count - row) * recordBytes;
      fill(handle, piece, { bytes: wanted, position: row * recordBytes });
      for (let at = 0; at < wanted; row++) {
        for (const column of columns) {
          column[row] = piece.readDoubleLE(at);
          at += 8;
        }
      }
    }
    return columnsOf(fields, columns);
  } finally {
    closeSync(handle);
  }
}

/** The same of records in memory. */
export function parseColumns(records: Buffer, fields: readonly string[]): Columns {
  const count = Math.floor(records.length / (fields.length * 8));
  const columns = fields.map((_, field) =>
    Float64Array.from({ length: count }, (_, row) => records.readDoubleLE((row * fields.length + field) * 8)),
  );
  return columnsOf(fields, columns);
}

/** Columns that are already in memory, in the order of `fields`. */
export function columnsOf(fields: readonly string[], columns: readonly Float64Array[]): Columns {
  return {
    count: columns[0]?.length ?? 0,
    column(name) {
      const column = columns[fields.indexOf(name)];
      if (column === undefined) throw new Error(`no column ${name} in ${fields.join(', ')}`);
      return column;
    },
  };
}

function fill(handle: number, into: Buffer, range: { bytes: number; position: number }): void {
  let done = 0;
  while (done < range.bytes) {
    const read = readSync(handle, into, done, range.bytes - done, range.position + done);
    if (read === 0) throw new Error('the file became shorter while it was read');
    done += read;
  }
}
