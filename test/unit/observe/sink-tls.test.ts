import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nowNs } from '../../../src/base/clock.ts';
import { createBodies } from '../../../src/load/bodies.ts';
import { type Sink, startSink } from '../../../src/observe/sink.ts';
import { runKeys } from '../../../src/otlp/item-id.ts';
import type { TlsSpec } from '../../../src/scenario/types.ts';
import { makeCertificates } from '../../fixtures/load/certificates.ts';
import { loadPlan, openEntry } from '../../fixtures/load/plan.ts';
import { grpcPath, openGrpc } from '../../fixtures/otlp-client.ts';

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version']).length > 0;
  } catch {
    return false;
  }
})();

/** One request of 60,000 spans: 16 MB, of thousands of frames. */
const batch = 60_000;
const entry = openEntry({ spec: { batch }, itemsPerS: batch, durationMs: 1000 });
const plan = loadPlan([entry]);
const made = createBodies(plan, entry, { stream: 1, keys: runKeys(plan.runId) }).make({
  from: 0,
  count: batch,
  timeNs: 0,
});
const message = made.bytes.subarray(5);
let dir: string;
let sink: Sink;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'squall-sink-tls-'));
});
afterEach(async () => {
  await sink.stop();
  rmSync(dir, { recursive: true });
});

async function start(tls?: TlsSpec): Promise<void> {
  const [grpc, http] = ['127.0.0.1:0', '127.0.0.1:0'];
  const arrivalsFile = join(dir, 'arrivals.bin');
  sink = await startSink({
    plan,
    grpc,
    http,
    arrivalsFile,
    durable: false,
    ...(tls === undefined ? {} : { tls }),
  });
  sink.go(nowNs());
}

/** Runs of the arrivals: stream, first sequence, count. */
function runs(): number[][] {
  const bytes = readFileSync(join(dir, 'arrivals.bin'));
  return Array.from({ length: bytes.length / 48 }, (_, i) =>
    [0, 8, 16].map((at) => bytes.readDoubleLE(i * 48 + at)),
  );
}

test('a request of 16 MB is read whole, in plain HTTP/2', async () => {
  await start();
  const client = openGrpc(sink.grpc);
  expect((await client.call({ path: grpcPath('traces'), message, timeoutMs: 60_000 })).grpc).toBe(0);
  client.close();
  expect(runs()).toEqual([[1, 0, batch]]);
});

describe.skipIf(!openssl)('with TLS (needs openssl for certificates)', () => {
  test('the same, and over HTTPS', async () => {
    const { caFile } = makeCertificates(dir);
    await start({
      certFile: join(dir, 'server.crt'),
      keyFile: join(dir, 'server.key'),
      insecureSkipVerify: false,
    });
    const ca = readFileSync(caFile);
    const session = connect(`https://${sink.grpc}`, { ca });
    const stream = session.request({
      ':method': 'POST',
      ':path': grpcPath('traces'),
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.resume();
    stream.end(made.bytes);
    const trailers = await new Promise<{ 'grpc-status'?: string }>((resolve, reject) => {
      stream.on('trailers', resolve);
      stream.on('error', reject);
    });
    expect(String(trailers['grpc-status'])).toBe('0');
    session.destroy();
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': message.length };
      const sent = request(`https://${sink.http}/v1/traces`, { method: 'POST', ca, headers, agent: false });
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? -1);
      });
      sent.on('error', reject);
      sent.end(message);
    });
    expect(status).toBe(200);
    expect(runs()).toEqual([
      [1, 0, batch],
      [1, 0, batch],
    ]);
  });
});
