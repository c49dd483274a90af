import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { columnsOnDemand, readColumns } from '../../../src/observe/columns.ts';
import { type PeerRecord, requestFields, requestFieldsOf } from '../../../src/observe/evidence.ts';
import { recordFile } from '../../../src/observe/records.ts';
import { requestsByStream } from '../../../src/observe/request-records.ts';

const peers: PeerRecord[] = [{ id: 3, member: 'a', address: '127.0.0.1:1' }];

/** Two requests of stream 1, the later one first, with as many cells as there are fields. */
function write(fields: readonly string[]): string {
  const row = (from: number) => [1, from, 10, from * 1e6, 0, 0, 0, from === 10 ? 2 : 0, 1, 0, 3];
  const cells = [row(10), row(0)].flatMap((one) => one.slice(0, fields.length));
  const file = join(mkdtempSync(join(tmpdir(), 'squall-records-')), 'requests-0.bin');
  writeFileSync(file, Buffer.from(Float64Array.from(cells).buffer));
  return file;
}

// Tried by breaking the code: with one width for all records, the first row fails.
describe.each([
  ['from before requests named their peer', {}, 10],
  ['of today', { peers }, 11],
])('a record %s', (_, record, width) => {
  const fields = requestFieldsOf(record);
  const file = write(fields);

  test('has its own width and the same requests', () => {
    expect(fields).toEqual(requestFields.slice(0, width));
    const { byStream, strays } = requestsByStream([recordFile(file, fields)], [1]);
    const found = byStream.get(1);
    expect([strays, found?.length]).toEqual([0, 2]);
    expect([...(found?.from ?? [])]).toEqual([0, 10]);
    expect([...(found?.rejected ?? [])]).toEqual([[10, 2]]);
    const columns = readColumns(file, fields);
    expect([...columns.column('attempts')]).toEqual([1, 1]);
    const onDemand = columnsOnDemand(recordFile(file, fields), fields);
    expect(onDemand.count).toBe(2);
    for (const name of fields) expect(onDemand.column(name)).toEqual(columns.column(name));
    const pieces: number[][] = [];
    onDemand.each?.((piece) => pieces.push([piece.count, ...piece.column('from')]));
    expect(pieces).toEqual([[2, ...columns.column('from')]]);
    expect(() => onDemand.column('colour')).toThrow('colour');
  });
});
