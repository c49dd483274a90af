import {
  createSecureServer,
  createServer,
  constants as http2,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { grpcCodes } from '../base/grpc-status.ts';
import { type BodyParts, createBodyGatherer } from './sink-body.ts';
import { grpcMethods, malformed, type Receive, tooLarge } from './sink-core.ts';
import { encodeResponse, encodeStatus } from './sink-encode.ts';
import { requestBytesMax } from './sink-inflate.ts';
import type { Answer } from './sink-reply.ts';

const frameHeadBytes = 5;
const bodyBytesMax = requestBytesMax + frameHeadBytes;
/** Per stream and per connection: the sink must never be what holds a sender back. */
const windowBytes = 16 * 1024 * 1024;

/** Node refuses streams beyond its 10 MB: a sink is never the limit. */
const sessionMemoryMb = 4000;

const settings = {
  initialWindowSize: windowBytes,
  maxConcurrentStreams: 10_000,
  maxFrameSize: 1024 * 1024,
  enablePush: false,
};

/** OTLP/gRPC spoken directly on HTTP/2: unary Export of three services. Gives what takes accepted connections. */
export function createGrpcServer(
  receive: Receive,
  tls: SecureServerOptions | undefined,
): (socket: Socket) => void {
  const options = { settings, maxSessionMemory: sessionMemoryMb };
  const server = tls === undefined ? createServer(options) : createSecureServer({ ...tls, ...options });
  server.on('session', (session) => {
    session.on('error', () => undefined); // broken framing ends this connection and nothing else
    session.setLocalWindowSize(windowBytes);
  });
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  const gather = createBodyGatherer(bodyBytesMax);
  server.on('stream', (stream, headers) => serve(stream, headers, { receive, gather }));
  return (socket) => server.emit('connection', socket);
}

function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { receive, gather }: { receive: Receive; gather: () => BodyParts },
): void {
  stream.on('error', () => undefined); // the peer went away; there is nobody to tell
  const signal = grpcMethods.get(String(headers[':path']));
  const type = String(headers['content-type'] ?? '');
  if (!type.startsWith('application/grpc')) {
    stream.resume();
    stream.respond({ ':status': 415 }, { endStream: true });
    return;
  }
  if (signal === undefined) {
    stream.resume();
    const message = `unknown method ${headers[':path']}`;
    finish(stream, { kind: 'status', grpc: grpcCodes.UNIMPLEMENTED, http: 404, message });
    return;
  }
  const parts = gather();
  stream.on('data', parts.add);
  stream.on('end', () => {
    const size = parts.sizeBytes();
    if (size > bodyBytesMax) return finish(stream, tooLarge);
    const bytes = parts.take();
    const length = size < frameHeadBytes ? -1 : bytes.readUInt32BE(1);
    if (length !== size - frameHeadBytes || (bytes[0] as number) > 1) {
      return finish(stream, malformed('not exactly one gRPC message'));
    }
    const compression = bytes[0] === 1 ? String(headers['grpc-encoding'] ?? 'none') : undefined;
    const body = bytes.subarray(frameHeadBytes);
    finish(stream, receive({ signal, encoding: 'protobuf', compression, body }));
  });
}

function finish(stream: ServerHttp2Stream, answer: Answer): void {
  if (stream.destroyed) return;
  switch (answer.kind) {
    case 'silence':
      return;
    case 'reset':
      stream.close(http2.NGHTTP2_CANCEL);
      return;
    case 'bare-status': {
      const { http, retryAfterS } = answer;
      stream.respond(
        { ':status': http, ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }) },
        { endStream: true },
      );
      return;
    }
    case 'status':
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...trailersOf(answer) },
        { endStream: true },
      );
      return;
    case 'ok':
      if (answer.delayMs > 0) setTimeout(() => respondOk(stream, answer.rejected), answer.delayMs).unref();
      else respondOk(stream, answer.rejected);
      return;
    default:
      answer satisfies never;
  }
}

function respondOk(stream: ServerHttp2Stream, rejected: number): void {
  if (stream.destroyed) return;
  const message = encodeResponse(rejected);
  const frame = Buffer.alloc(frameHeadBytes + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, frameHeadBytes);
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.end(frame);
}

function trailersOf(answer: { grpc: number; message: string; retryDelayMs?: number }): OutgoingHttpHeaders {
  return {
    'grpc-status': String(answer.grpc),
    'grpc-message': percentEncode(answer.message),
    'grpc-status-details-bin': encodeStatus(answer).toString('base64').replace(/=+$/, ''),
  };
}

/** gRPC's encoding of grpc-message: printable ASCII but % stands for itself. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]/gu, (character) => encodeURIComponent(character));
}
