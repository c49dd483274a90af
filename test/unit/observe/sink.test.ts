import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nowNs } from '../../../src/base/clock.ts';
import { signals } from '../../../src/base/signal.ts';
import type { SinkReply } from '../../../src/fault/fault.ts';
import { createBodies } from '../../../src/load/bodies.ts';
import { readColumns } from '../../../src/observe/columns.ts';
import { arrivalFields } from '../../../src/observe/evidence.ts';
import { type Sink, startSink } from '../../../src/observe/sink.ts';
import { canaryBody } from '../../../src/otlp/canary.ts';
import { runKeys } from '../../../src/otlp/item-id.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { otlp } from '../../fixtures/lying-codec.ts';
import { type GrpcClient, grpcPath, openGrpc, postHttp } from '../../fixtures/otlp-client.ts';

const plan = loadPlan(
  signals.map((signal, i) =>
    openEntry({
      spec: { name: signal, signal, batch: 20 },
      itemsPerS: 1000,
      durationMs: 1000,
      streams: [i + 1],
    }),
  ),
);
/** For an answer, as long as a busy machine needs; where none may come, it is waited out. */
let patienceMs = 20_000;
let dir: string;
let sink: Sink;
let grpc: GrpcClient;

beforeEach(async () => {
  patienceMs = 20_000;
  dir = mkdtempSync(join(tmpdir(), 'squall-sink-'));
  sink = await startSink({
    plan,
    grpc: '127.0.0.1:0',
    http: '127.0.0.1:0',
    arrivalsFile: join(dir, 'arrivals.bin'),
    captureFile: join(dir, 'capture.bin'),
    durable: true,
  });
  sink.go(nowNs());
  grpc = openGrpc(sink.grpc);
});
afterEach(async () => {
  grpc.close();
  await sink.stop();
  rmSync(dir, { recursive: true });
});

/** Request k of the signal's entry, without gRPC's prefix. */
function body(
  signal: (typeof signals)[number],
  request = 0,
  protocol: 'grpc' | 'http/json' = 'grpc',
): Buffer {
  const entry = plan.entries[signals.indexOf(signal)];
  if (entry === undefined) throw new Error('no such entry');
  const spec = { ...entry.spec, protocol };
  const owner = { stream: signals.indexOf(signal) + 1, keys: runKeys(plan.runId) };
  const made = createBodies(plan, { ...entry, spec }, owner).make({
    from: request * 20,
    count: 20,
    timeNs: 5,
  });
  return Buffer.from(made.bytes.subarray(5));
}

function arrivals(): string[] {
  const columns = readColumns(join(dir, 'arrivals.bin'), arrivalFields);
  const shown = ['stream', 'from', 'count', 'accepted', 'request'];
  return Array.from({ length: columns.count }, (_, row) =>
    shown.map((name) => columns.column(name)[row]).join(' '),
  );
}

const send = (request = 0, encoding?: string) =>
  grpc.call({
    path: grpcPath('traces'),
    message: encoding === 'gzip' ? gzipSync(body('traces', request)) : body('traces', request),
    ...(encoding === undefined ? {} : { encoding }),
    timeoutMs: patienceMs,
  });
const post = (bytes: Uint8Array, more: Partial<Parameters<typeof postHttp>[0]> = {}) =>
  postHttp({ address: sink.http, path: '/v1/traces', body: bytes, timeoutMs: patienceMs, ...more });

test('every signal, encoding and compression gives the same runs of items', async () => {
  for (const signal of signals) {
    const path = grpcPath(signal);
    expect((await grpc.call({ path, message: body(signal) })).grpc).toBe(0);
    expect((await grpc.call({ path, message: gzipSync(body(signal)), encoding: 'gzip' })).grpc).toBe(0);
    expect((await grpc.call({ path, message: zstdCompressSync(body(signal)), encoding: 'zstd' })).grpc).toBe(
      0,
    );
    for (const [type, bytes] of [
      ['application/x-protobuf', body(signal)],
      ['application/json', body(signal, 0, 'http/json')],
    ] as const) {
      const answer = await post(bytes, { path: `/v1/${signal}`, type });
      expect([answer.http, answer.headers['content-type']]).toEqual([200, type]);
      expect((await post(gzipSync(bytes), { path: `/v1/${signal}`, type, encoding: 'gzip' })).http).toBe(200);
    }
  }
  const rows = arrivals();
  expect(rows.map((row) => row.split(' ').slice(0, 4).join(' '))).toEqual(
    [1, 2, 3].flatMap((stream) => Array(7).fill(`${stream} 0 20 1`)),
  );
});

test('a record is on disk when the answer comes, and names the request', async () => {
  await send(0);
  expect(arrivals()).toEqual(['1 0 20 1 0']);
  await send(1);
  expect(arrivals()).toEqual(['1 0 20 1 0', '1 20 20 1 1']);
  const capture = readFileSync(join(dir, 'capture.bin'));
  expect(capture.readUInt32LE(0)).toBe(body('traces', 0).length);
  expect(capture.subarray(8, 8 + capture.readUInt32LE(0)).equals(body('traces', 0))).toBe(true);
});

const struck: { reply: SinkReply; grpc: [number, number]; http: [number]; accepted: string[] }[] = [
  {
    reply: { action: 'grpc-status', errorRate: 1, grpcStatus: 'UNAVAILABLE' },
    grpc: [200, 14],
    http: [503],
    accepted: ['0'],
  },
  {
    reply: { action: 'grpc-status', errorRate: 1, grpcStatus: 'RESOURCE_EXHAUSTED' },
    grpc: [200, 8],
    http: [429],
    accepted: ['0'],
  },
  {
    reply: { action: 'http-status', errorRate: 1, httpStatus: 502 },
    grpc: [502, -1],
    http: [502],
    accepted: ['0'],
  },
  { reply: { action: 'blackhole', errorRate: 1 }, grpc: [-1, -1], http: [-1], accepted: ['0'] },
  { reply: { action: 'reset', errorRate: 1 }, grpc: [-1, -1], http: [-1], accepted: ['0'] },
  { reply: { action: 'accept-and-drop', errorRate: 1 }, grpc: [200, 0], http: [200], accepted: ['0'] },
  {
    reply: { action: 'slow', errorRate: 1, responseDelayMs: 50 },
    grpc: [200, 0],
    http: [200],
    accepted: ['1'],
  },
  {
    reply: { action: 'partial-success', errorRate: 1, rejectedItems: 3 },
    grpc: [200, 0],
    http: [200],
    accepted: ['1', '0'],
  },
];

test.each(struck)('reply script $reply.action: answers as told, and says what it struck', async (row) => {
  await sink.script.set(row.reply);
  patienceMs = row.reply.action === 'blackhole' ? 500 : 20_000;
  const byGrpc = await send(0);
  const byHttp = await post(body('traces', 1));
  expect([byGrpc.http, byGrpc.grpc]).toEqual(row.grpc);
  expect([byHttp.http]).toEqual(row.http);
  expect(arrivals().map((line) => line.split(' ')[3])).toEqual([...row.accepted, ...row.accepted]);
  expect(await sink.script.struck()).toBe(2);
  await sink.script.set(undefined);
  const again = openGrpc(sink.grpc);
  expect((await again.call({ path: grpcPath('traces'), message: body('traces', 2) })).grpc).toBe(0);
  again.close();
});

test('a retry delay is given as RetryInfo, and as Retry-After', async () => {
  await sink.script.set({
    action: 'grpc-status',
    errorRate: 1,
    grpcStatus: 'UNAVAILABLE',
    retryDelayMs: 1500,
  });
  const details = Buffer.from((await send()).headers['grpc-status-details-bin'] ?? '', 'base64');
  const status = otlp.lookupType('otlp.Status').decode(details).toJSON();
  expect(status.code).toBe(14);
  const value = Buffer.from(status.details[0].value, 'base64');
  expect(status.details[0].typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo');
  expect(otlp.lookupType('otlp.RetryInfo').decode(value).toJSON()).toEqual({
    retryDelay: { seconds: '1', nanos: 500_000_000 },
  });
  const answer = await post(body('traces'));
  expect(answer.headers['retry-after']).toBe('2');
  expect(otlp.lookupType('otlp.Status').decode(answer.body).toJSON()).toMatchObject({ code: 14 });
});

test('a partial success says how many, in both encodings', async () => {
  await sink.script.set({ action: 'partial-success', errorRate: 1, rejectedItems: 3 });
  expect(
    otlp
      .lookupType('otlp.Response')
      .decode((await send()).body)
      .toJSON(),
  ).toMatchObject({
    partialSuccess: { rejected: '3' },
  });
  const json = await post(body('logs', 0, 'http/json'), { path: '/v1/logs', type: 'application/json' });
  expect(JSON.parse(json.body.toString()).partialSuccess.rejectedLogRecords).toBe('3');
});

test('refuse: connections are cut, connects refused, and the same ports open again', async () => {
  await send(0);
  await sink.script.set({ action: 'refuse', errorRate: 1 });
  expect(await sink.script.struck()).toBeGreaterThanOrEqual(1);
  for (const address of [sink.grpc, sink.http]) expect(await connectError(address)).toBe('ECONNREFUSED');
  await sink.script.set(undefined);
  for (const address of [sink.grpc, sink.http]) expect(await connectError(address)).toBe('none');
  const again = openGrpc(sink.grpc);
  expect((await again.call({ path: grpcPath('traces'), message: body('traces', 1) })).grpc).toBe(0);
  again.close();
});

function connectError(address: string): Promise<string> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connectTcp(Number(port), host, () => {
      socket.destroy();
      resolve('none');
    });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

test('an error rate strikes that share, the same requests for the same seed', async () => {
  const once = async () => {
    await sink.script.set({ action: 'grpc-status', errorRate: 0.3, grpcStatus: 'UNAVAILABLE' });
    const codes: number[] = [];
    for (let i = 0; i < 200; i++) codes.push((await send(i % 50)).grpc);
    expect(await sink.script.struck()).toBe(codes.filter((code) => code === 14).length);
    return codes;
  };
  const codes = await once();
  expect(codes.filter((code) => code === 14).length).toBeGreaterThan(30);
  expect(codes.filter((code) => code === 14).length).toBeLessThan(90);
  expect(await once()).toEqual(codes);
});

test('what is not an export request is answered as such and leaves no record', async () => {
  const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024));
  expect((await grpc.call({ path: grpcPath('traces'), message: bomb, encoding: 'gzip' })).grpc).toBe(8);
  expect((await post(bomb, { encoding: 'gzip' })).http).toBe(413);
  expect((await post(Buffer.alloc(65 * 1024 * 1024), { timeoutMs: 10_000 })).http).toBe(413);
  expect((await grpc.call({ path: '/grpc.health.v1.Health/Check', message: Buffer.alloc(0) })).grpc).toBe(12);
  expect((await grpc.call({ path: grpcPath('traces'), message: Buffer.from('\x0a\x7f') })).grpc).toBe(3);
  expect(
    (await grpc.call({ path: grpcPath('traces'), message: body('traces'), encoding: 'snappy' })).grpc,
  ).toBe(12);
  // What every object has is no compression either.
  expect(
    (await grpc.call({ path: grpcPath('traces'), message: body('traces'), encoding: 'hasOwnProperty' })).grpc,
  ).toBe(12);
  expect((await grpc.call({ path: grpcPath('traces'), message: Buffer.from('xx'), raw: true })).grpc).toBe(3);
  expect((await post(Buffer.from('{]'), { type: 'application/json' })).http).toBe(400);
  expect((await post(Buffer.from('['.repeat(1e6)), { type: 'application/json' })).http).toBe(400);
  expect((await post(body('traces'), { type: 'text/plain' })).http).toBe(415);
  expect((await post(body('traces'), { encoding: 'br' })).http).toBe(415);
  expect((await post(body('traces'), { path: '/v1/profiles' })).http).toBe(404);
  expect((await post(Buffer.alloc(0), { method: 'GET' })).http).toBe(405);
  expect(arrivals()).toEqual([]);
  expect((await send()).grpc).toBe(0);
  expect(arrivals()).toHaveLength(1);
});

test('items of another run are foreign, and of another signal too', async () => {
  const other = { ...plan, runId: 'another' };
  const entry = plan.entries[0];
  if (entry === undefined) throw new Error('no entry');
  const made = createBodies(other, entry, { stream: 1, keys: runKeys('another') });
  await grpc.call({
    path: grpcPath('traces'),
    message: made.make({ from: 0, count: 20, timeNs: 0 }).bytes.subarray(5),
  });
  expect(arrivals()).toEqual(['0 0 20 1 0']);
});

test('canaries reach those who wait for them, before and after, and are in no record', async () => {
  const waiting = sink.awaitCanary(3, 20_000);
  for (const [number, signal] of signals.entries()) {
    const message = canaryBody(plan, { signal, protocol: 'grpc', number: number + 1 }).subarray(5);
    expect((await grpc.call({ path: grpcPath(signal), message })).grpc).toBe(0);
  }
  expect((await waiting)?.altered).toEqual([]);
  expect((await sink.awaitCanary(1, 20_000))?.altered).toEqual([]);
  expect(await sink.awaitCanary(9, 20)).toBeUndefined();
  expect(arrivals()).toEqual([]);
});

test('random bytes on the sockets end their connection and nothing else', async () => {
  for (const address of [sink.grpc, sink.http]) {
    for (let i = 0; i < 30; i++) {
      const [host, port] = address.split(':');
      await new Promise<void>((resolve) => {
        const socket = connectTcp(Number(port), host, () => {
          const bytes = Buffer.from(
            Array.from({ length: 200 + i }, (_, at) => (at * 7919 + i * 104729) % 256),
          );
          socket.end(
            i % 3 === 0 ? Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), bytes]) : bytes,
          );
        });
        socket.resume();
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      });
    }
  }
  expect((await send()).grpc).toBe(0);
  expect(sink.failure()).toBeUndefined();
  expect(arrivals()).toEqual(['1 0 20 1 0']);
});
