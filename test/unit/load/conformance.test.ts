import { beforeAll, expect, test } from 'vitest';
import { grpcCodeNames } from '../../../src/base/grpc-status.ts';
import { startLoad } from '../../../src/load/engine.ts';
import { judgeRow } from '../../fixtures/conformance/judge.ts';
import { observeRows, type Seen } from '../../fixtures/conformance/observe.ts';
import { type Row, rows } from '../../fixtures/conformance/table.ts';

let seen: Map<Row, Seen>;
beforeAll(async () => {
  seen = await observeRows(startLoad, rows);
}, 60_000);

test.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => {
  expect(judgeRow(row, seen.get(row))).toEqual([]);
});

test('the table has each of the 16 codes of gRPC and each HTTP status of the specification', () => {
  const written = rows.flatMap(({ answers }) => answers.map((words) => [...words].flat().join(' ')));
  for (const code of grpcCodeNames)
    expect(
      written.some((words) => words.startsWith(code)),
      code,
    ).toBe(true);
  for (const status of [400, 401, 403, 413, 429, 500, 502, 503, 504])
    expect(
      written.some((words) => words.startsWith(`HTTP ${status}`)),
      String(status),
    ).toBe(true);
});
