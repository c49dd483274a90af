import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { grpcCodes } from '../base/grpc-status.ts';
import type { Signal } from '../base/signal.ts';
import type { HeaderList } from '../wire/hpack.ts';
import { encodeHeaders } from '../wire/hpack-encode.ts';
import { h2Error } from '../wire/http2.ts';
import { type Body, type BodyPool, createBodyPool } from './sink-body.ts';
import { grpcMethods, malformed, type Receive, tooLarge } from './sink-core.ts';
import { encodeResponse, encodeStatus } from './sink-encode.ts';
import { type H2Stream, serveH2 } from './sink-h2.ts';
import type { H2Answer, H2Output } from './sink-h2-output.ts';
import { requestBytesMax } from './sink-inflate.ts';
import type { Answer } from './sink-reply.ts';
import { behindTls } from './sink-tls.ts';

const frameHeadBytes = 5;
const bodyBytesMax = requestBytesMax + frameHeadBytes;

interface Call extends H2Stream {
  signal: Signal;
  encoding: string;
  body: Body;
  output: H2Output;
}

/** OTLP/gRPC spoken directly on HTTP/2: unary Export of three services. Gives what takes accepted connections. */
export function createGrpcServer(receive: Receive, tls: TlsOptions | undefined): (socket: Socket) => void {
  const pool = createBodyPool(bodyBytesMax);
  const serve = (socket: Socket) =>
    serveH2<Call>(socket, {
      begin: (stream, output) => begin(stream, output, pool),
      data: (call, bytes, from, to, last) => take({ call, pool, receive }, bytes, { from, to, last }),
    });
  return behindTls(serve, tls, 'h2');
}

function begin(stream: H2Stream, output: H2Output, pool: BodyPool): Call {
  const { path, type, encoding } = meaningOf(stream.headers);
  const signal = grpcMethods.get(path);
  const call = Object.assign(stream, { signal: signal ?? 'traces', encoding, body: pool.open(), output });
  if (!type.startsWith('application/grpc'))
    output.answer(call, { headers: encodeHeaders([[':status', '415']]) });
  else if (signal === undefined) {
    finish(call, {
      kind: 'status',
      grpc: grpcCodes.UNIMPLEMENTED,
      http: 404,
      message: `unknown method ${path}`,
    });
  }
  return call;
}

interface Meaning {
  path: string;
  type: string;
  encoding: string;
}

/** Of lists that the decoder gives again for the same block. */
const meanings = new WeakMap<HeaderList, Meaning>();

function meaningOf(headers: HeaderList): Meaning {
  const known = meanings.get(headers);
  if (known !== undefined) return known;
  const value = (name: string) => {
    for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
    return undefined;
  };
  const meaning = {
    path: value(':path') ?? '',
    type: value('content-type') ?? '',
    encoding: value('grpc-encoding') ?? 'none',
  };
  meanings.set(headers, meaning);
  return meaning;
}

function take(
  of: { call: Call; pool: BodyPool; receive: Receive },
  bytes: Buffer,
  part: { from: number; to: number; last: boolean },
): void {
  const { call, pool, receive } = of;
  const { body } = call;
  const { from, to, last } = part;
  if (!last) {
    pool.add(body, bytes, from, to);
    return;
  }
  const whole = pool.finish(body, bytes, from, to);
  if (whole === undefined) finish(call, tooLarge);
  else decide(call, whole, receive);
  pool.close(body);
}

function decide(call: Call, message: Buffer, receive: Receive): void {
  const size = message.length;
  const length = size < frameHeadBytes ? -1 : message.readUInt32BE(1);
  if (length !== size - frameHeadBytes || (message[0] as number) > 1) {
    finish(call, malformed('not exactly one gRPC message'));
  } else {
    const { signal } = call;
    const compression = message[0] === 1 ? call.encoding : undefined;
    const body = message.subarray(frameHeadBytes);
    receive({ signal, encoding: 'protobuf', compression, body }, (answer) => finish(call, answer));
  }
}

const okHeaders = encodeHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const okTrailers = encodeHeaders([['grpc-status', '0']]);
/** A message without content: nothing was rejected. */
const emptyMessage = Buffer.alloc(frameHeadBytes);
const plainOk: H2Answer = { headers: okHeaders, content: emptyMessage, trailers: okTrailers };

function finish(call: Call, answer: Answer): void {
  const { output } = call;
  switch (answer.kind) {
    case 'silence':
      return;
    case 'reset':
      output.reset(call, h2Error.cancel);
      return;
    case 'bare-status': {
      const { http, retryAfterS } = answer;
      const retry: [string, string][] =
        retryAfterS === undefined ? [] : [['retry-after', String(retryAfterS)]];
      output.answer(call, { headers: encodeHeaders([[':status', String(http)], ...retry]) });
      return;
    }
    case 'status':
      output.answer(call, { headers: Buffer.concat([okHeaders, encodeHeaders(trailersOf(answer))]) });
      return;
    case 'ok': {
      const ok = answer.rejected === 0 ? plainOk : { ...plainOk, content: messageOf(answer.rejected) };
      if (answer.delayMs > 0) setTimeout(() => output.answer(call, ok), answer.delayMs).unref();
      else output.answer(call, ok);
      return;
    }
    default:
      answer satisfies never;
  }
}

function messageOf(rejected: number): Buffer {
  const message = encodeResponse(rejected);
  const bytes = Buffer.alloc(frameHeadBytes + message.length);
  bytes.writeUInt32BE(message.length, 1);
  message.copy(bytes, frameHeadBytes);
  return bytes;
}

function trailersOf(answer: { grpc: number; message: string; retryDelayMs?: number }): [string, string][] {
  return [
    ['grpc-status', String(answer.grpc)],
    ['grpc-message', percentEncode(answer.message)],
    ['grpc-status-details-bin', encodeStatus(answer).toString('base64').replace(/=+$/, '')],
  ];
}

/** gRPC's encoding of grpc-message: printable ASCII but % stands for itself. */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]/gu, (character) => encodeURIComponent(character));
}
