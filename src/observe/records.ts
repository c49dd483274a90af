import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Columns } from './ledger-types.ts';

/** Records of fixed size, of little-endian float64 cells, given in pieces and as often as asked. */
export interface Records {
  count: number;
  /** Cells of a record. */
  width: number;
  /** Whole records one after the other; the cells are lent for the call. */
  each(visit: (cells: Float64Array, records: number) => void): void;
}

const pieceRecords = 8192;

/**
 * A file of records, read anew each time in pieces of 8,192. A torn tail (the writer was killed within a record) is
 * ignored; a file that is not there throws.
 */
export function recordFile(file: string, fields: readonly string[]): Records {
  const recordBytes = fields.length * 8;
  const handle = openSync(file, 'r');
  const count = Math.floor(fstatSync(handle).size / recordBytes);
  closeSync(handle);
  return {
    count,
    width: fields.length,
    each(visit) {
      const reader = openRecords(file, fields);
      try {
        for (;;) {
          const records = reader.next();
          if (records === 0) return;
          visit(reader.cells, records);
        }
      } finally {
        reader.close();
      }
    },
  };
}

/** The same of columns in memory. */
export function columnRecords(columns: Columns, fields: readonly string[]): Records {
  return {
    count: columns.count,
    width: fields.length,
    each(visit) {
      const cells = new Float64Array(columns.count * fields.length);
      fields.forEach((name, field) => {
        const column = columns.column(name);
        for (let row = 0; row < columns.count; row++)
          cells[row * fields.length + field] = column[row] as number;
      });
      visit(cells, columns.count);
    },
  };
}

/**
 * Several files of which each is in the order of one field, as one in that order: what the sink's threads recorded, in
 * the order of arrival.
 */
export function mergedFiles(files: readonly string[], fields: readonly string[], by: string): Records {
  const [first] = files;
  if (files.length === 1 && first !== undefined) return recordFile(first, fields);
  const width = fields.length;
  const key = fields.indexOf(by);
  return {
    count: files.reduce((sum, file) => sum + recordFile(file, fields).count, 0),
    width,
    each(visit) {
      const open = files.map((file) => ({ reader: openRecords(file, fields), at: 0, records: 0 }));
      const out = new Float64Array(pieceRecords * width);
      let filled = 0;
      try {
        for (;;) {
          let least: (typeof open)[number] | undefined;
          for (const one of open) {
            if (one.at === one.records) {
              one.records = one.reader.next();
              one.at = 0;
            }
            if (one.records > 0 && (least === undefined || keyOf(one) < keyOf(least))) least = one;
          }
          if (least === undefined) break;
          const from = least.at++ * width;
          for (let i = 0; i < width; i++) out[filled * width + i] = least.reader.cells[from + i] as number;
          if (++filled < pieceRecords) continue;
          visit(out, filled);
          filled = 0;
        }
        if (filled > 0) visit(out, filled);
      } finally {
        for (const { reader } of open) reader.close();
      }
    },
  };

  function keyOf(of: { reader: RecordReader; at: number }): number {
    return of.reader.cells[of.at * width + key] as number;
  }
}

interface RecordReader {
  cells: Float64Array;
  /** Fills `cells` anew; gives the number of records, 0 at the end. */
  next(): number;
  close(): void;
}

function openRecords(file: string, fields: readonly string[]): RecordReader {
  const recordBytes = fields.length * 8;
  const handle = openSync(file, 'r');
  const cells = new Float64Array(pieceRecords * fields.length);
  const bytes = new Uint8Array(cells.buffer);
  let position = 0;
  return {
    cells,
    next() {
      let filled = 0;
      while (filled < bytes.length) {
        const read = readSync(handle, bytes, filled, bytes.length - filled, position + filled);
        if (read === 0) break;
        filled += read;
      }
      const records = Math.floor(filled / recordBytes);
      position += records * recordBytes;
      return records;
    },
    close: () => closeSync(handle),
  };
}

/** Where each field stands in its record. */
export function fieldIndexes<F extends string>(fields: readonly F[]): Record<F, number> {
  return Object.fromEntries(fields.map((field, index) => [field, index])) as Record<F, number>;
}
