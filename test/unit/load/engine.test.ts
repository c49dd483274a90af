import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { startLoad } from '../../../src/load/engine.ts';
import { requestClass } from '../../../src/observe/evidence.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { type GrpcServer, startGrpcServer } from '../../fixtures/load/grpc-server.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { readRows } from '../../fixtures/load/records.ts';

let dir = '';
let server: GrpcServer;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'squall-load-'));
  server = await startGrpcServer();
});
afterEach(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

async function runLoad(plan: Plan) {
  const endpoints = [{ member: 'a', otlp: { grpc: server.address, headers: {} } }];
  const load = await startLoad({ plan, endpoints, evidenceDir: dir });
  load.go(systemClock.nowNs());
  try {
    return await load.done;
  } finally {
    await load.close();
  }
}

test('spans over gRPC: every due item is acknowledged once, at its time, with a record', async () => {
  const plan = loadPlan([openEntry({ itemsPerS: 4000, durationMs: 510, streams: [1, 2] })]);
  const { counts } = await runLoad(plan);
  expect(counts).toMatchObject({ due: 2040, offered: 2040, acknowledged: 2040, missed: 0, refused: 0 });
  const rows = readRows(dir);
  expect(rows).toHaveLength(21);
  expect(server.calls).toHaveLength(21);
  expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(2040);
  for (const row of rows) {
    expect(row.class).toBe(requestClass.acknowledged);
    expect(row.sendNs).toBeGreaterThanOrEqual(row.dueNs);
    expect(row.finalNs).toBeGreaterThan(row.sendNs);
  }
  const first = rows.filter((row) => row.stream === 1).sort((a, b) => a.from - b.from);
  expect(first.map((row) => row.from)).toEqual(first.map((_, i) => i * 100));
  expect(first[0]?.dueNs).toBe(25_000_000);
});
