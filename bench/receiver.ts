import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Reads requests, keeps nothing, answers OK. A process of its own, so that its CPU is not the sender's. */
const grpc = createServer({ settings: { initialWindowSize: 16 * 1024 * 1024 } });
grpc.on('session', (session) => session.setLocalWindowSize(64 * 1024 * 1024));
grpc.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  stream.resume();
});
const http = createHttpServer((request, response) => {
  request.on('end', () => response.end());
  request.resume();
});

grpc.listen(0, '127.0.0.1', () => {
  http.listen(0, '127.0.0.1', () => {
    const at = (server: { address(): unknown }) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.send?.({ grpc: at(grpc), http: at(http) });
  });
});
process.on('disconnect', () => process.exit());
