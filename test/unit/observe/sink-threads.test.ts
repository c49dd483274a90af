import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nowNs } from '../../../src/base/clock.ts';
import { createBodies } from '../../../src/load/bodies.ts';
import { columnsFrom, columnsOf } from '../../../src/observe/columns.ts';
import { arrivalFields, requestFields } from '../../../src/observe/evidence.ts';
import { computeLedger } from '../../../src/observe/ledger.ts';
import { columnRecords, mergedFiles } from '../../../src/observe/records.ts';
import { type Sink, startSink } from '../../../src/observe/sink.ts';
import { runKeys } from '../../../src/otlp/item-id.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { type GrpcClient, grpcPath, openGrpc, postHttp } from '../../fixtures/otlp-client.ts';

const batch = 20;
const requests = 60;
const entry = openEntry({ spec: { batch }, itemsPerS: batch * requests, durationMs: 1000 });
const plan = loadPlan([entry]);
const threads = 3;
let dir: string;
let sink: Sink;
let clients: GrpcClient[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'squall-threads-'));
  const arrivalsFile = join(dir, 'arrivals.bin');
  sink = await startSink({
    plan,
    grpc: '127.0.0.1:0',
    http: '127.0.0.1:0',
    arrivalsFile,
    durable: false,
    threads,
  });
  sink.go(nowNs());
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.close();
  rmSync(dir, { recursive: true });
});

function body(request: number): Buffer {
  const bodies = createBodies(plan, entry, { stream: 1, keys: runKeys(plan.runId) });
  return Buffer.from(bodies.make({ from: request * batch, count: batch, timeNs: 5 }).bytes.subarray(5));
}

/** A connection of its own each time: the kernel deals connections out to the threads. */
async function send(request: number): Promise<number> {
  if (request % 2 === 1)
    return (await postHttp({ address: sink.http, path: '/v1/traces', body: body(request) })).http;
  const client = openGrpc(sink.grpc);
  clients.push(client);
  return (await client.call({ path: grpcPath('traces'), message: body(request) })).http;
}

// Only Linux and FreeBSD deal connections out; elsewhere --threads is refused by the operating system.
describe.skipIf(process.platform !== 'linux')('threads that share an address (Linux)', () => {
  test('what they recorded is one ledger: every item once, duplicates of different threads seen', async () => {
    for (let k = 0; k < requests; k++) expect(await send(k)).toBe(200);
    for (let k = 0; k < requests; k += 4) expect(await send(k)).toBe(200);
    await sink.stop();
    const again = requests / 4;
    expect(sink.progress()).toMatchObject({
      delivered: { traces: requests * batch },
      duplicated: again * batch,
    });

    const files = ['arrivals.bin', 'arrivals-1.bin', 'arrivals-2.bin'].map((name) => join(dir, name));
    const arrivals = mergedFiles(files, arrivalFields, 'arrivalNs');
    const columns = columnsFrom(arrivals, arrivalFields);
    const times = columns.column('arrivalNs');
    expect([...times]).toEqual([...times].sort((a, b) => a - b));
    const numbers = new Set(columns.column('request'));
    expect(numbers.size).toBe(requests + again);
    expect(new Set([...numbers].map((number) => number % threads)).size).toBeGreaterThan(1);

    const rows = Array.from({ length: requests }, (_, k) => [1, k * batch, batch, 0, 0, 0, 0, 0, 1, 0]);
    const offered = requestFields.map((_, i) => Float64Array.from(rows, (row) => row[i] ?? 0));
    const ledger = computeLedger({
      plan,
      requests: [columnRecords(columnsOf(requestFields, offered), requestFields)],
      arrivals,
      settled: true,
      expect: undefined,
      faults: [],
      reachNs: 0,
      hasSink: true,
    });
    expect(ledger.bySignal.traces).toMatchObject({
      delivered: requests * batch,
      duplicated: again * batch,
      lost: 0,
      unexpected: 0,
    });
  });

  test('a reply script is obeyed by all of them, and refused connections are refused by all', async () => {
    await sink.script.set({ action: 'http-status', errorRate: 1, httpStatus: 502 });
    for (let k = 0; k < 12; k++) expect(await send(k)).toBe(502);
    expect(await sink.script.struck()).toBe(12);
    await sink.script.set({ action: 'refuse', errorRate: 1 });
    for (let k = 0; k < 6; k++) expect(await send(k)).toBe(-1);
    await sink.script.set(undefined);
    for (let k = 0; k < 12; k++) expect(await send(k)).toBe(200);
    await sink.stop();
  });
});
