import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { systemClock } from '../base/clock.ts';
import { grpcCodes } from '../base/grpc-status.ts';
import type { Signal } from '../base/signal.ts';
import { type Body, type BodyPool, createBodyPool } from './sink-body.ts';
import { httpPaths, type Receive, tooLarge } from './sink-core.ts';
import { encodeResponse, encodeStatus, responseJson, statusJson } from './sink-encode.ts';
import { createHttp1Server, type Http1Output } from './sink-http1.ts';
import type { Http1Answer } from './sink-http1-answer.ts';
import type { RequestHead } from './sink-http1-request.ts';
import { requestBytesMax } from './sink-inflate.ts';
import type { Answer } from './sink-reply.ts';
import { behindTls } from './sink-tls.ts';

const protobufType = 'application/x-protobuf';
const jsonType = 'application/json';
/** A body that nobody wants is read to its end, so that the connection stays usable; not one of this size. */
const passedBytesMax = 4 * requestBytesMax;

/** What a head says: computed once for all requests that begin with the same bytes. */
interface Meaning {
  signal: Signal;
  json: boolean;
  compression: string | undefined;
  refusal: Answer | undefined;
}

interface Call {
  meaning: Meaning;
  body: Body;
  output: Http1Output;
}

/** OTLP/HTTP: protobuf and JSON on /v1/traces, /v1/metrics, /v1/logs. Gives what takes accepted connections. */
export function createHttpServer(receive: Receive, tls: TlsOptions | undefined): (socket: Socket) => void {
  const pool = createBodyPool(requestBytesMax);
  const serve = createHttp1Server<Call>(
    {
      begin: (head, output) => begin(head, output, pool),
      data: (call, bytes, from, to, last) => take({ call, pool, receive }, bytes, { from, to, last }),
    },
    systemClock,
  );
  return behindTls(serve, tls, 'http/1.1');
}

function begin(head: RequestHead, output: Http1Output, pool: BodyPool): Call {
  const call = { meaning: meaningOf(head), body: pool.open(), output };
  const { framing, expectsContinue } = head;
  const { refusal } = call.meaning;
  if (framing.kind === 'length' && framing.bytes > (expectsContinue ? requestBytesMax : passedBytesMax)) {
    finish(call, tooLarge);
  } else if (refusal !== undefined && expectsContinue) finish(call, refusal);
  return call;
}

/** Of heads that the connection gives again for the same bytes. */
const meanings = new WeakMap<RequestHead, Meaning>();

function meaningOf(head: RequestHead): Meaning {
  const known = meanings.get(head);
  if (known !== undefined) return known;
  const { headers, method, path } = head;
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  const signal = httpPaths.get(path);
  const meaning = {
    signal: signal ?? 'traces',
    json: type === jsonType,
    compression: headers.get('content-encoding')?.toLowerCase(),
    refusal: refusalOf({ method, type, signal }),
  };
  meanings.set(head, meaning);
  return meaning;
}

function refusalOf(of: {
  method: string;
  type: string | undefined;
  signal: Signal | undefined;
}): Answer | undefined {
  if (of.signal === undefined) return status(404, 'no such path');
  if (of.method !== 'POST') return status(405, 'POST is expected');
  if (of.type === jsonType || of.type === protobufType) return undefined;
  return status(415, `content type ${protobufType} or ${jsonType} is expected`);
}

function status(http: number, message: string): Answer {
  return { kind: 'status', grpc: grpcCodes.INVALID_ARGUMENT, http, message };
}

function take(
  of: { call: Call; pool: BodyPool; receive: Receive },
  bytes: Buffer,
  part: { from: number; to: number; last: boolean },
): void {
  const { call, pool, receive } = of;
  const { body, meaning } = call;
  const { from, to, last } = part;
  if (!last) {
    pool.add(body, bytes, from, to);
    if (body.sizeBytes > passedBytesMax) finish(call, tooLarge);
    return;
  }
  const whole = pool.finish(body, bytes, from, to);
  const { refusal, json } = meaning;
  if (refusal !== undefined) finish(call, refusal);
  else if (whole === undefined) finish(call, tooLarge);
  else {
    const encoding = json ? 'json' : 'protobuf';
    receive({ ...meaning, encoding, body: whole }, (answer) => finish(call, answer));
  }
  pool.close(body);
}

const plainOk = {
  protobuf: { status: 200, headers: [['content-type', protobufType]], content: encodeResponse(0) },
  json: {
    status: 200,
    headers: [['content-type', jsonType]],
    content: Buffer.from(responseJson('traces', 0)),
  },
} as const satisfies Record<string, Http1Answer>;

function finish({ meaning, output }: Call, answer: Answer): void {
  if (answer.kind === 'silence') output.silence();
  else if (answer.kind === 'reset') output.reset();
  else {
    const encoded = encode(meaning, answer);
    if (answer.kind === 'ok' && answer.delayMs > 0)
      setTimeout(() => output.answer(encoded), answer.delayMs).unref();
    else output.answer(encoded);
  }
}

function encode(
  { json, signal }: Meaning,
  answer: Extract<Answer, { kind: 'ok' | 'status' | 'bare-status' }>,
): Http1Answer {
  const type = ['content-type', json ? jsonType : protobufType] as const;
  switch (answer.kind) {
    case 'ok': {
      const plain = json ? plainOk.json : plainOk.protobuf;
      const { rejected } = answer;
      if (rejected === 0) return plain;
      return {
        ...plain,
        content: json ? Buffer.from(responseJson(signal, rejected)) : encodeResponse(rejected),
      };
    }
    case 'bare-status':
      return { status: answer.http, headers: retryAfter(answer.retryAfterS), content: Buffer.alloc(0) };
    case 'status': {
      const delayS = answer.retryDelayMs === undefined ? undefined : Math.ceil(answer.retryDelayMs / 1000);
      const allow = answer.http === 405 ? [['allow', 'POST'] as const] : [];
      return {
        status: answer.http,
        headers: [type, ...retryAfter(answer.retryAfterS ?? delayS), ...allow],
        content: json ? Buffer.from(statusJson(answer)) : encodeStatus(answer),
      };
    }
  }
}

function retryAfter(seconds: number | undefined): [string, string][] {
  return seconds === undefined ? [] : [['retry-after', String(seconds)]];
}
