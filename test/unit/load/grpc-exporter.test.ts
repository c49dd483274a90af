import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { frameMessage } from '../../../src/otlp/template.ts';
import { helloBody as body, createGrpcPlace, inMs, patienceMs } from '../../fixtures/load/grpc-place.ts';
import { answerStatus } from '../../fixtures/load/grpc-server.ts';
import { partialSuccess, statusWithRetry } from '../../fixtures/load/protobuf-answers.ts';

const place = createGrpcPlace();
afterEach(() => place.clear());
const { serve, exporterTo } = place;

async function outcomeOf(answer: (stream: ServerHttp2Stream) => void, timeoutMs = patienceMs) {
  const server = await serve(answer);
  return exporterTo([server.address]).send(body, inMs(timeoutMs));
}

const stamps = { readNs: expect.any(Number) };

describe('answers with a gRPC status (OTLP specification, table of retryable codes)', () => {
  const rows: [number, 'refused' | 'unknown', boolean][] = [
    [1, 'unknown', true],
    [2, 'refused', false],
    [3, 'refused', false],
    [4, 'unknown', true],
    [5, 'refused', false],
    [6, 'refused', false],
    [7, 'refused', false],
    [8, 'refused', false],
    [9, 'refused', false],
    [10, 'refused', true],
    [11, 'refused', true],
    [12, 'refused', false],
    [13, 'refused', false],
    [14, 'refused', true],
    [15, 'refused', true],
    [16, 'refused', false],
  ];
  test.each(rows)('code %i is %s, retryable %s', async (code, kind, retryable) => {
    const outcome = await outcomeOf((stream) =>
      answerStatus(stream, code, { trailers: { 'grpc-message': 'no%20room' } }),
    );
    expect(outcome).toMatchObject({ kind, retryable, status: code });
    expect(outcome.message).toContain('no room');
  });

  test('the same code in an answer of headers alone', async () => {
    const outcome = await outcomeOf((stream) =>
      stream.respond({ ':status': 200, 'grpc-status': '14' }, { endStream: true }),
    );
    expect(outcome).toMatchObject({ kind: 'refused', retryable: true, status: 14 });
  });

  test('RESOURCE_EXHAUSTED with RetryInfo is retryable after its delay', async () => {
    const details = statusWithRetry(8, 1250).toString('base64');
    const outcome = await outcomeOf((stream) =>
      answerStatus(stream, 8, { trailers: { 'grpc-status-details-bin': details } }),
    );
    expect(outcome).toMatchObject({ kind: 'refused', retryable: true, status: 8, retryDelayMs: 1250 });
  });

  test.each([
    [401, 'refused', false],
    [404, 'refused', false],
    [429, 'refused', true],
    [502, 'unknown', true],
    [503, 'refused', true],
    [504, 'unknown', true],
  ] as const)('HTTP status %i of a proxy in between is %s, retryable %s', async (status, kind, retryable) => {
    const outcome = await outcomeOf((stream) => {
      stream.respond({ ':status': status });
      stream.end('<html>');
    });
    expect(outcome).toMatchObject({ kind, retryable, status });
  });
});

describe('success', () => {
  test('OK is acknowledged; path, timeout, headers and token are sent', async () => {
    const server = await serve();
    const exporter = exporterTo([server.address], { signal: 'logs' }, { headers: { 'X-Tenant': 'a' } });
    expect(await exporter.send(body, inMs(15_000))).toMatchObject({ kind: 'acknowledged', status: 0 });
    const [call] = server.calls;
    expect(call?.path).toBe('/opentelemetry.proto.collector.logs.v1.LogsService/Export');
    expect(call?.message.toString()).toBe('hello');
    expect(call?.headers).toMatchObject({
      'content-type': 'application/grpc',
      te: 'trailers',
      'x-tenant': 'a',
    });
    expect(call?.headers['grpc-timeout']).toMatch(/^1\d{4}m$/);
  });

  test('gzip: flag, header and bytes', async () => {
    const server = await serve();
    await exporterTo([server.address], { compression: 'gzip' }).send(body, inMs(patienceMs));
    const [call] = server.calls;
    expect(call?.compressed).toBe(true);
    expect(call?.headers['grpc-encoding']).toBe('gzip');
    expect(gunzipSync(call?.message ?? Buffer.alloc(0)).toString()).toBe('hello');
  });

  test('partial success gives the number; 0 with a message is a plain success', async () => {
    const rejected = await outcomeOf((s) => answerStatus(s, 0, { body: partialSuccess(7, 'too old') }));
    expect(rejected).toEqual({ kind: 'rejected', items: 7, status: 0, message: 'too old', ...stamps });
    const warned = await outcomeOf((s) => answerStatus(s, 0, { body: partialSuccess(0, 'slow down') }));
    expect(warned).toEqual({ kind: 'acknowledged', status: 0, message: 'slow down', ...stamps });
  });
});

describe('no answer', () => {
  test('silence until the deadline is unknown', async () => {
    expect(await outcomeOf(() => {}, 500)).toMatchObject({ kind: 'unknown', retryable: true, status: -1 });
  });

  test('a server that stops reading: unknown at the deadline, and the next request still goes out', async () => {
    let frozen = true;
    const server = await startRawHttp2(() => frozen);
    place.onClear(() => server.close());
    const exporter = exporterTo([server.address], { connections: 2 });
    const large = frameMessage(Buffer.alloc(4_000_000));
    expect(await exporter.send(large, inMs(500))).toMatchObject({ kind: 'unknown', status: -1 });
    frozen = false;
    expect(await exporter.send(body, inMs(500))).toMatchObject({ kind: 'unknown' });
  });

  test('a stream reset after the body is unknown', async () => {
    const outcome = await outcomeOf((stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    expect(outcome).toMatchObject({ kind: 'unknown', retryable: true, status: -1 });
  });

  test('an answer that ends without a grpc-status is unknown', async () => {
    const outcome = await outcomeOf((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end(Buffer.alloc(5));
    });
    expect(outcome).toMatchObject({ kind: 'unknown', status: -1 });
  });

  test('a connection that breaks is unknown', async () => {
    const outcome = await outcomeOf((stream) => stream.session?.destroy());
    expect(outcome).toMatchObject({ kind: 'unknown', retryable: true, status: -1 });
  });

  test('REFUSED_STREAM is definite', async () => {
    const outcome = await outcomeOf((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
    expect(outcome).toMatchObject({ kind: 'refused', retryable: true, status: -1 });
  });

  test.each([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_INTERNAL_ERROR])(
    'streams above the last of a GOAWAY (code %i) are refused, those below are not',
    async (code) => {
      const streams: ServerHttp2Stream[] = [];
      const server = await serve((stream) => {
        streams.push(stream);
        if (streams.length === 2) stream.session?.goaway(code, streams[0]?.id ?? 0);
        if (streams.length === 2 && code === constants.NGHTTP2_NO_ERROR) {
          const [first] = streams;
          if (first !== undefined) answerStatus(first, 0);
        }
      });
      const exporter = exporterTo([server.address]);
      const [first, second] = await Promise.all([
        exporter.send(body, inMs(patienceMs)),
        exporter.send(body, inMs(patienceMs)),
      ]);
      expect(second).toMatchObject({ kind: 'refused', retryable: true });
      expect(first.kind).toBe(code === constants.NGHTTP2_NO_ERROR ? 'acknowledged' : 'unknown');
    },
  );
});

async function startRawHttp2(frozen: () => boolean): Promise<{ address: string; close(): Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // empty SETTINGS
    socket.once('data', () => {
      if (frozen()) socket.pause();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
