import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createSecureServer, createServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { grpcMethods, httpPaths } from '../src/observe/sink-core.ts';
import { createDecoder } from '../src/otlp/decode.ts';

/**
 * Reads requests, keeps nothing, answers OK. A process of its own, so that its CPU is not the sender's. With --count it
 * counts items and bytes of what it reads: to a decoder of a run without streams every item is a foreign one. With
 * --tls DIR both ports speak TLS.
 */
const counts = process.argv.includes('--count');
const decoder = createDecoder({ runId: 'none', epochNs: '0', streams: [] });
let items = 0;
let bytes = 0;

function take(
  signal: 'traces' | 'metrics' | 'logs' | undefined,
  chunks: Buffer[],
  prefixBytes: number,
): void {
  if (signal === undefined) return;
  const body = Buffer.concat(chunks).subarray(prefixBytes);
  items += decoder.decode(signal, 'protobuf', body).foreign;
  bytes += body.length;
}

const tlsAt = process.argv.indexOf('--tls');
const tlsDir = tlsAt < 0 ? undefined : process.argv[tlsAt + 1];
const file = (name: string) => readFileSync(join(tlsDir ?? '', name));
const tls = tlsDir === undefined ? undefined : { cert: file('server.crt'), key: file('server.key') };
const settings = { initialWindowSize: 16 * 1024 * 1024 };
const grpc = tls === undefined ? createServer({ settings }) : createSecureServer({ settings, ...tls });
grpc.on('session', (session) => session.setLocalWindowSize(64 * 1024 * 1024));
grpc.on('stream', (stream, headers) => {
  const chunks: Buffer[] = [];
  stream.on('error', () => {});
  if (counts) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  else stream.resume();
  stream.on('end', () => {
    if (counts) take(grpcMethods.get(String(headers[':path'])), chunks, 5);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
});
const receive: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  if (counts) request.on('data', (chunk: Buffer) => chunks.push(chunk));
  else request.resume();
  request.on('end', () => {
    if (counts) take(httpPaths.get(request.url ?? ''), chunks, 0);
    response.end();
  });
};
const http = tls === undefined ? createHttpServer(receive) : createHttpsServer(tls, receive);

grpc.listen(0, '127.0.0.1', () => {
  http.listen(0, '127.0.0.1', () => {
    const at = (server: { address(): unknown }) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.send?.({ grpc: at(grpc), http: at(http) });
  });
});
process.on('message', () => {
  process.send?.({ items, bytes });
  items = 0;
  bytes = 0;
});
process.on('disconnect', () => process.exit());
