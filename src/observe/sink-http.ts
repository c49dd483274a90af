import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { grpcCodes } from '../base/grpc-status.ts';
import type { Signal } from '../base/signal.ts';
import { type BodyPool, createBodyPool } from './sink-body.ts';
import { httpPaths, type Receive, tooLarge } from './sink-core.ts';
import { encodeResponse, encodeStatus, responseJson, statusJson } from './sink-encode.ts';
import { requestBytesMax } from './sink-inflate.ts';
import type { Answer } from './sink-reply.ts';

const protobufType = 'application/x-protobuf';
const jsonType = 'application/json';

/** OTLP/HTTP: protobuf and JSON on /v1/traces, /v1/metrics, /v1/logs. Gives what takes accepted connections. */
export function createHttpServer(receive: Receive, tls: ServerOptions | undefined): (socket: Socket) => void {
  const pool = createBodyPool(requestBytesMax);
  const serveOne = (request: IncomingMessage, response: ServerResponse) =>
    serve(request, response, { receive, pool });
  const server = tls === undefined ? createServer(serveOne) : createTlsServer(tls, serveOne);
  // A server that closes idle connections races with its clients' next requests: an unknown end that is our own doing.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on('clientError', (_, socket) => socket.destroy());
  server.on('tlsClientError', () => undefined); // plaintext or a bad certificate ends this connection alone
  return (socket) => server.emit('connection', socket);
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { receive, pool }: { receive: Receive; pool: BodyPool },
): void {
  request.on('error', () => undefined); // the peer went away; there is nobody to tell
  response.on('error', () => undefined);
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const json = type === jsonType;
  const signal = httpPaths.get((request.url ?? '').split('?')[0] ?? '');
  const answer = (given: Answer) => finish(request, response, { given, json, signal: signal ?? 'traces' });
  const refusal = refuse(request.method, type, signal);
  if (refusal !== undefined || signal === undefined) {
    request.resume(); // a body that nobody wants is read, so that the connection stays usable
    request.on('end', () => answer(refusal ?? status(404, 'no such path')));
    return;
  }
  const body = pool.open();
  const sizeBytes = Number(request.headers['content-length']);
  let whole: Buffer | undefined;
  request.on('data', (piece: Buffer) => {
    // A body of one piece is read where it lies; of others no piece is held, so that each is garbage while it is young.
    if (piece.length === sizeBytes) whole = piece;
    else pool.add(body, piece, 0, piece.length);
  });
  request.on('end', () => {
    const compression = request.headers['content-encoding']?.toLowerCase();
    const bytes = whole ?? body.bytes.subarray(0, body.sizeBytes);
    whole = undefined;
    if (bytes.length > requestBytesMax || body.sizeBytes > requestBytesMax) answer(tooLarge);
    else receive({ signal, encoding: json ? 'json' : 'protobuf', compression, body: bytes }, answer);
    pool.close(body);
  });
}

function refuse(
  method: string | undefined,
  type: string | undefined,
  signal: Signal | undefined,
): Answer | undefined {
  if (signal === undefined) return status(404, 'no such path');
  if (method !== 'POST') return status(405, 'POST is expected');
  if (type === jsonType || type === protobufType) return undefined;
  return status(415, `content type ${protobufType} or ${jsonType} is expected`);
}

function status(http: number, message: string): Answer {
  return { kind: 'status', grpc: grpcCodes.INVALID_ARGUMENT, http, message };
}

function finish(
  request: IncomingMessage,
  response: ServerResponse,
  answer: { given: Answer; json: boolean; signal: Signal },
): void {
  const { given, json } = answer;
  switch (given.kind) {
    case 'silence':
      return;
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'bare-status':
      response.writeHead(given.http, retryAfter(given.retryAfterS)).end();
      return;
    case 'status': {
      const body = json ? statusJson(given) : encodeStatus(given);
      const delayS = given.retryDelayMs === undefined ? undefined : Math.ceil(given.retryDelayMs / 1000);
      send(response, { http: given.http, json, body, headers: retryAfter(given.retryAfterS ?? delayS) });
      return;
    }
    case 'ok': {
      const body = json ? responseJson(answer.signal, given.rejected) : encodeResponse(given.rejected);
      const respond = () => send(response, { http: 200, json, body, headers: {} });
      if (given.delayMs > 0) setTimeout(respond, given.delayMs).unref();
      else respond();
      return;
    }
    default:
      given satisfies never;
  }
}

function send(
  response: ServerResponse,
  of: { http: number; json: boolean; body: string | Buffer; headers: Record<string, string> },
): void {
  if (response.destroyed) return;
  const type = of.json ? jsonType : protobufType;
  const length = Buffer.byteLength(of.body);
  response.writeHead(of.http, { ...of.headers, 'content-type': type, 'content-length': length });
  if (length === 0)
    response.end(); // in one write, where an empty body would make it two
  else response.end(of.body);
}

function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}
