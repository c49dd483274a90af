import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock, waitFor } from '../../../src/base/clock.ts';
import { createExporter, type Exporter, type ExporterOptions } from '../../../src/load/exporter.ts';
import { frameMessage } from '../../../src/otlp/template.ts';
import { partialSuccess } from '../../fixtures/load/protobuf-answers.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, received: Received) => void,
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
      received.push(one);
      answer(request, response, one);
    });
  });
  const address = await listen(server);
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address, received };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function exporterTo(addresses: string[], changes: Partial<ExporterOptions> = {}): Exporter {
  const exporter = createExporter({
    signal: 'traces',
    protocol: 'http/protobuf',
    compression: 'none',
    endpoints: addresses.map((http, i) => ({
      member: `m${i}`,
      otlp: { http, headers: { 'X-Tenant': 'a' } },
    })),
    connections: addresses.length,
    maxInFlight: 8,
    ...changes,
  });
  closers.push(() => exporter.close());
  return exporter;
}

const body = frameMessage(Buffer.from('hello'));
const inMs = (ms: number) => systemClock.nowNs() + ms * 1e6;
/** Where an answer comes, it may take as long as a busy machine needs. */
const patienceMs = 20_000;

async function outcomeOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  timeoutMs = 2000,
) {
  const { address } = await serve(answer);
  return exporterTo([address]).send(body, inMs(timeoutMs));
}

describe('HTTP status codes (OTLP specification: 429, 502, 503, 504 may be retried, no other)', () => {
  const rows: [number, 'refused' | 'unknown', boolean][] = [
    [301, 'refused', false],
    [400, 'refused', false],
    [401, 'refused', false],
    [403, 'refused', false],
    [404, 'refused', false],
    [408, 'refused', false],
    [413, 'refused', false],
    [429, 'refused', true],
    [500, 'refused', false],
    [501, 'refused', false],
    [502, 'unknown', true],
    [503, 'refused', true],
    [504, 'unknown', true],
  ];
  test.each(rows)('%i is %s, retryable %s', async (status, kind, retryable) => {
    const outcome = await outcomeOf((_, response) => response.writeHead(status).end('why not'));
    expect(outcome).toMatchObject({ kind, retryable, status });
    expect(outcome.message).toContain('why not');
  });

  test('Retry-After in seconds', async () => {
    const outcome = await outcomeOf((_, response) => response.writeHead(429, { 'retry-after': '3' }).end());
    expect(outcome).toMatchObject({ retryable: true, retryDelayMs: 3000 });
  });

  test('Retry-After as a date', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const outcome = await outcomeOf((_, response) => response.writeHead(503, { 'retry-after': date }).end());
    const delayMs = 'retryDelayMs' in outcome ? (outcome.retryDelayMs ?? 0) : 0;
    expect(delayMs).toBeGreaterThan(55_000);
    expect(delayMs).toBeLessThanOrEqual(60_000);
  });

  test('Retry-After that is neither is passed over', async () => {
    const outcome = await outcomeOf((_, response) =>
      response.writeHead(503, { 'retry-after': 'soon' }).end(),
    );
    expect(outcome).not.toHaveProperty('retryDelayMs');
  });
});

describe('success', () => {
  test('protobuf: path appended, content type, headers, partial success', async () => {
    const { address, received } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(partialSuccess(3, 'old'));
    });
    const exporter = exporterTo([`http://${address}/base/`], { signal: 'metrics' });
    expect(await exporter.send(body, inMs(patienceMs))).toEqual({
      kind: 'rejected',
      items: 3,
      status: 200,
      message: 'old',
      readNs: expect.any(Number),
    });
    expect(received[0]).toMatchObject({ url: '/base/v1/metrics', body: Buffer.from('hello') });
    expect(received[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-length': '5',
      'x-tenant': 'a',
    });
  });

  test.each(['rejectedSpans', 'rejectedDataPoints', 'rejectedLogRecords'])(
    'JSON: %s, as text',
    async (name) => {
      const { address, received } = await serve((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
        response.end(JSON.stringify({ partialSuccess: { [name]: '4', errorMessage: 'x' } }));
      });
      const exporter = exporterTo([address], { protocol: 'http/json', signal: 'logs' });
      expect(await exporter.send(body, inMs(patienceMs))).toMatchObject({ kind: 'rejected', items: 4 });
      expect(received[0]?.url).toBe('/v1/logs');
      expect(received[0]?.headers['content-type']).toBe('application/json');
    },
  );

  test('an empty JSON object and an empty body are plain successes', async () => {
    const type = { 'content-type': 'application/json' };
    expect(await outcomeOf((_, r) => r.writeHead(200, type).end('{}'))).toMatchObject({
      kind: 'acknowledged',
    });
    expect(await outcomeOf((_, r) => r.writeHead(200).end())).toMatchObject({ kind: 'acknowledged' });
  });

  test('gzip', async () => {
    const { address, received } = await serve((_, response) => response.end());
    await exporterTo([address], { compression: 'gzip' }).send(body, inMs(patienceMs));
    expect(received[0]?.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(received[0]?.body ?? Buffer.alloc(0)).toString()).toBe('hello');
  });

  test('requests in flight do not wait for one another', async () => {
    const waiting: ServerResponse[] = [];
    const { address } = await serve((_, response) => {
      waiting.push(response);
      if (waiting.length === 8) for (const one of waiting) one.end();
    });
    const exporter = exporterTo([address]);
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => exporter.send(body, inMs(patienceMs))),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array(8).fill('acknowledged'));
  });
});

test('a request over 64 MiB is not sent', async () => {
  const { address, received } = await serve((_, response) => response.end());
  const outcome = await exporterTo([address]).send(Buffer.alloc(64 * 1024 * 1024 + 1), inMs(patienceMs));
  expect(outcome).toMatchObject({ kind: 'refused', retryable: false, status: -1 });
  expect(received).toHaveLength(0);
});

describe('no answer', () => {
  test('silence until the deadline is unknown', async () => {
    expect(await outcomeOf(() => {}, 500)).toMatchObject({ kind: 'unknown', retryable: true, status: -1 });
  });

  test('a reset after the body is unknown', async () => {
    const outcome = await outcomeOf((request) => request.socket.resetAndDestroy());
    expect(outcome).toMatchObject({ kind: 'unknown', retryable: true, status: -1 });
  });

  test('a success cut off within its body is unknown', async () => {
    const outcome = await outcomeOf((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('x', () => request.socket.resetAndDestroy());
    });
    expect(outcome).toMatchObject({ kind: 'unknown', status: -1 });
  });

  test('a server that stops reading is unknown at the deadline', async () => {
    const server = createTcpServer((socket) => {
      socket.pause();
      socket.on('error', () => {});
      closers.push(() => socket.destroy());
    });
    const address = await listen(server);
    closers.push(() => server.close());
    const outcome = await exporterTo([address]).send(frameMessage(Buffer.alloc(8_000_000)), inMs(500));
    expect(outcome).toMatchObject({ kind: 'unknown', retryable: true, status: -1 });
  });

  test('nobody listens: refused, and the others take its share', async () => {
    const server = createTcpServer();
    const dead = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await exporterTo([dead]).send(body, inMs(patienceMs))).toMatchObject({
      kind: 'refused',
      retryable: true,
    });
    const { address } = await serve((_, response) => response.end());
    const exporter = exporterTo([dead, address]);
    const kinds: string[] = [];
    for (let i = 0; i < 6; i++) kinds.push((await exporter.send(body, inMs(patienceMs))).kind);
    expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(1);
  });

  test('a server that comes back is found again', async () => {
    const first = createServer((_, response) => response.end());
    const address = await listen(first);
    const port = Number(address.split(':')[1]);
    await new Promise((resolve) => first.close(resolve));
    const exporter = exporterTo([address]);
    expect(await exporter.send(body, inMs(patienceMs))).toMatchObject({ kind: 'refused' });
    const second = createServer((request, response) => request.resume().on('end', () => response.end()));
    closers.push(() => second.close());
    closers.push(() => second.closeAllConnections());
    await new Promise<void>((resolve) => second.listen(port, '127.0.0.1', resolve));
    const found = await waitFor(systemClock, { timeoutMs: patienceMs, everyMs: 20 }, async () => {
      const { kind } = await exporter.send(body, inMs(patienceMs));
      return kind === 'acknowledged' ? kind : undefined;
    });
    expect(found).toBe('acknowledged');
  });
});
