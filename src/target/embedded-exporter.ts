import { request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import type { Signal } from '../base/signal.ts';
import { collect } from './embedded-items.ts';

export type SendOutcome =
  | { kind: 'sent' }
  | { kind: 'retry'; reason: string; delayMs?: number }
  | { kind: 'permanent'; reason: string };

export interface Exporter {
  grpc(signal: Signal, body: Buffer): Promise<SendOutcome>;
  json(signal: Signal, body: string): Promise<SendOutcome>;
  close(): void;
}

const timeoutMs = 5000;

const services: Record<Signal, string> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

/** Codes that the OTLP specification lets a client retry; RESOURCE_EXHAUSTED (8) only with RetryInfo. */
const retryableCodes = new Set([1, 4, 10, 11, 14, 15]);
const retryableStatuses = new Set([429, 502, 503, 504]);

/** Sends to `next`, HOST:PORT per protocol, in plaintext. Outcomes are values: nothing here rejects. */
export function createExporter(next: { grpc: string; http: string }): Exporter {
  let session: ClientHttp2Session | undefined;
  const connected = () => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`http://${next.grpc}`);
      // The request on it gets the error as well, and answers for it.
      session.on('error', () => undefined);
    }
    return session;
  };
  return {
    grpc: (signal, body) => callGrpc(connected(), services[signal], body),
    json: (signal, body) => postJson(`http://${next.http.replace(/^http:\/\//, '')}/v1/${signal}`, body),
    close: () => session?.close(),
  };
}

function callGrpc(session: ClientHttp2Session, path: string, body: Buffer): Promise<SendOutcome> {
  const done = Promise.withResolvers<SendOutcome>();
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(body.length, 1);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const answer = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] === undefined) return;
    done.resolve(judgeGrpc(Number(headers['grpc-status']), String(headers['grpc-status-details-bin'] ?? '')));
  };
  stream.on('response', answer).on('trailers', answer);
  stream.on('error', (error: Error) => done.resolve({ kind: 'retry', reason: error.message }));
  stream.on('close', () => done.resolve({ kind: 'retry', reason: 'the stream ended without a status' }));
  stream.setTimeout(timeoutMs, () => {
    done.resolve({ kind: 'retry', reason: 'DEADLINE_EXCEEDED' });
    stream.destroy();
  });
  stream.resume();
  stream.end(Buffer.concat([frame, body]));
  return done.promise;
}

/** Status code and details to an outcome, by the OTLP specification. */
export function judgeGrpc(code: number, detailsBase64: string): SendOutcome {
  if (code === 0) return { kind: 'sent' };
  const delayMs = retryDelayMs(Buffer.from(detailsBase64, 'base64'));
  const reason = `gRPC status ${code}`;
  if (!retryableCodes.has(code) && !(code === 8 && delayMs !== undefined))
    return { kind: 'permanent', reason };
  return { kind: 'retry', reason, ...(delayMs === undefined ? {} : { delayMs }) };
}

/** google.rpc.Status.details (3) -> Any.value (2) of a RetryInfo -> retry_delay (1), seconds and nanos. */
function retryDelayMs(status: Buffer): number | undefined {
  const details: Buffer[] = [];
  collect(status, [3], details);
  for (const any of details) {
    if (!any.includes('google.rpc.RetryInfo')) continue;
    const found: Buffer[] = [];
    collect(any, [2], found);
    const delays: Buffer[] = [];
    if (found[0] !== undefined) collect(found[0], [1], delays);
    return delays[0] === undefined ? 0 : durationMs(delays[0]);
  }
  return undefined;
}

function durationMs(duration: Buffer): number {
  let at = 0;
  let totalMs = 0;
  while (at < duration.length) {
    const tag = duration[at++];
    let value = 0;
    for (let scale = 1; at < duration.length; scale *= 128) {
      const byte = duration[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    totalMs += tag === 8 ? value * 1000 : tag === 16 ? value / 1e6 : 0;
  }
  return totalMs;
}

function postJson(url: string, body: string): Promise<SendOutcome> {
  const done = Promise.withResolvers<SendOutcome>();
  const post = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    timeout: timeoutMs,
  });
  post.on('response', (response) => {
    response.resume();
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) done.resolve({ kind: 'sent' });
    else
      done.resolve({ kind: retryableStatuses.has(status) ? 'retry' : 'permanent', reason: `HTTP ${status}` });
  });
  post.on('timeout', () => post.destroy(new Error('no answer in time')));
  post.on('error', (error) => done.resolve({ kind: 'retry', reason: error.message }));
  post.end(body);
  return done.promise;
}
