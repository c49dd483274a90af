import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Signal } from '../base/signal.ts';
import { countJson, countProtobuf } from './embedded-items.ts';
import type { Received } from './embedded-pipeline.ts';

const unzip = promisify(gunzip);

/** Largest request, as read and unpacked: the collector's gRPC default is 4 MiB, its HTTP default 20 MiB. */
const grpcBytesMax = 4 * 1024 * 1024;
const httpBytesMax = 20 * 1024 * 1024;

/** Takes what was received before it is acknowledged. */
export type Take = (received: Received) => void;

const servicesToSignal: Record<string, Signal> = {
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
};

/** OTLP/gRPC: unary exports over HTTP/2 without TLS. */
export function receiveGrpc(take: Take): Http2Server {
  const server = createHttp2Server({ settings: { maxConcurrentStreams: 1000 } });
  server.on('stream', (stream, headers) => {
    const signal = servicesToSignal[String(headers[':path'])];
    stream.on('error', () => undefined); // the client went away: nothing was acknowledged
    if (signal === undefined) return answerGrpc(stream, 12, 'unknown service');
    void readGrpc(stream, signal, take).then(({ code, message }) => {
      answerGrpc(stream, code, message);
    });
  });
  return server;
}

async function readGrpc(
  stream: ServerHttp2Stream,
  signal: Signal,
  take: Take,
): Promise<{ code: number; message: string }> {
  const bytes = await readAll(stream, grpcBytesMax + 5).catch(() => undefined);
  if (bytes === undefined) return { code: 8, message: 'request too large or cut off' };
  if (bytes.length < 5 || bytes.readUInt32BE(1) !== bytes.length - 5)
    return { code: 13, message: 'bad frame' };
  const packed = bytes.subarray(5);
  const options = { maxOutputLength: grpcBytesMax };
  const body = bytes[0] === 1 ? await unzip(packed, options).catch(() => undefined) : packed;
  const items = body === undefined ? undefined : countProtobuf(signal, body);
  if (body === undefined || items === undefined) return { code: 3, message: 'not an export request' };
  take({ signal, encoding: 'protobuf', body, items });
  return { code: 0, message: '' };
}

function answerGrpc(stream: ServerHttp2Stream, code: number, message: string): void {
  if (stream.destroyed) return;
  const trailers = { 'grpc-status': String(code), ...(code === 0 ? {} : { 'grpc-message': message }) };
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  if (code !== 0) return void stream.respond({ ...head, ...trailers }, { endStream: true });
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(Buffer.alloc(5));
}

/** OTLP/HTTP, protobuf and JSON. */
export function receiveHttp(take: Take): Server {
  return createServer((request, response) => {
    request.on('error', () => undefined); // the client went away: nothing was acknowledged
    void readHttp(request, take).then((status) => answerHttp(request, response, status));
  });
}

async function readHttp(request: IncomingMessage, take: Take): Promise<number> {
  const signal = /^\/v1\/(traces|metrics|logs)$/.exec(request.url ?? '')?.[1] as Signal | undefined;
  if (signal === undefined) return 404;
  const json = request.headers['content-type']?.startsWith('application/json') === true;
  const bytes = await readAll(request, httpBytesMax).catch(() => undefined);
  const options = { maxOutputLength: httpBytesMax };
  const zipped = request.headers['content-encoding'] === 'gzip';
  const body = zipped && bytes !== undefined ? await unzip(bytes, options).catch(() => undefined) : bytes;
  if (body === undefined) return bytes === undefined ? 413 : 400;
  const items = json ? countJson(signal, body.toString()) : countProtobuf(signal, body);
  if (items === undefined) return 400;
  take({ signal, encoding: json ? 'json' : 'protobuf', body, items });
  return 200;
}

function answerHttp(request: IncomingMessage, response: ServerResponse, status: number): void {
  const json = request.headers['content-type']?.startsWith('application/json') === true;
  response.writeHead(status, { 'content-type': json ? 'application/json' : 'application/x-protobuf' });
  response.end(json ? '{}' : '');
}

async function readAll(stream: Readable, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let read = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (read > bytesMax) throw new Error(`more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
