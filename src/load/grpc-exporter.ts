import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { constants } from 'node:http2';
import { nowNs } from '../base/clock.ts';
import type { Signal } from '../base/signal.ts';
import {
  grpcFailure,
  httpFailure,
  isTlsRefusal,
  messageOf,
  neverTaken,
  noAnswer,
  requestBytesMax,
  successOutcome,
  tooLarge,
} from './answer.ts';
import { readPartialSuccess, readRetryDelayMs, readSingleMessage } from './answer-body.ts';
import { gzipBody } from './compression.ts';
import type { Exporter, ExporterOptions, Outcome } from './exporter.ts';
import { GrpcConnection } from './grpc-connection.ts';
import { createRoundRobin } from './round-robin.ts';

const paths: Record<Signal, string> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

/** OTLP/gRPC straight over HTTP/2: a unary call is one stream with one prefixed message each way. */
export function createGrpcExporter(options: ExporterOptions): Exporter {
  const connections: GrpcConnection[] = [];
  for (let i = 0; i < options.connections; i++) {
    const endpoint = options.endpoints[i % options.endpoints.length];
    if (endpoint !== undefined)
      connections.push(
        new GrpcConnection(endpoint, { path: paths[options.signal], compression: options.compression }),
      );
  }
  const pick = createRoundRobin(connections);
  return {
    async send(body, attemptDeadlineNs) {
      if (body.length > requestBytesMax) return tooLarge(body);
      const picked = pick(attemptDeadlineNs);
      const connection = picked instanceof Promise ? await picked : picked;
      if (typeof connection === 'string') return neverTaken(connection);
      return call(connection, options.compression === 'gzip' ? gzipBody(body) : body, attemptDeadlineNs);
    },
    async ready() {
      await Promise.all(connections.map(settled));
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

function settled(connection: GrpcConnection): Promise<void> {
  if (connection.state.kind !== 'connecting') return Promise.resolve();
  return new Promise((resolve) => connection.onChange(resolve));
}

function call(connection: GrpcConnection, body: Buffer, deadlineNs: number): Promise<Outcome> {
  const timeoutMs = Math.max(1, Math.round((deadlineNs - nowNs()) / 1e6));
  let stream: ClientHttp2Stream;
  try {
    stream = connection.request(connection.headersFor(timeoutMs));
  } catch (error) {
    return Promise.resolve(neverTaken(`no stream: ${messageOf(error)}`));
  }
  return new Promise((resolve) => watch(connection, stream, timeoutMs, resolve, body));
}

function watch(
  connection: GrpcConnection,
  stream: ClientHttp2Stream,
  timeoutMs: number,
  resolve: (outcome: Outcome) => void,
  body: Buffer,
): void {
  const chunks: Buffer[] = [];
  let head: IncomingHttpHeaders | undefined;
  let tail: IncomingHttpHeaders | undefined;
  let failure: Error | undefined;
  let settled = false;
  const { limit } = connection;
  const settle = (outcome: Outcome) => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    resolve(outcome);
  };
  const timer = setTimeout(() => {
    settle(noAnswer(`no answer within ${timeoutMs} ms`));
    stream.close(constants.NGHTTP2_CANCEL);
    connection.suspect(timeoutMs);
  }, timeoutMs);
  stream.on('response', (fields) => {
    head = fields;
  });
  stream.on('trailers', (fields) => {
    tail = fields;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => {
    const outcome = answered(head, tail, chunks);
    if (outcome !== undefined) settle(outcome);
  });
  stream.on('error', (error) => {
    failure = error;
  });
  stream.on('close', () => {
    settle(answered(head, tail, chunks) ?? unanswered(limit, stream, failure));
  });
  stream.end(body);
}

/** The server's answer, or undefined when it gave none. */
function answered(
  head: IncomingHttpHeaders | undefined,
  tail: IncomingHttpHeaders | undefined,
  chunks: Buffer[],
): Outcome | undefined {
  if (head === undefined) return undefined;
  const fields = tail?.['grpc-status'] === undefined ? head : tail;
  const code = fields['grpc-status'];
  if (code === undefined) {
    const status = Number(head[':status']);
    return Number.isNaN(status) || status === 200
      ? undefined
      : httpFailure(status, 'no grpc-status', undefined);
  }
  if (Number(code) === 0) return successOutcome(0, readPartialSuccess(readSingleMessage(chunks, head)));
  const details = fields['grpc-status-details-bin'];
  const text = decodeMessage(fields['grpc-message']);
  return grpcFailure(Number(code), text, readRetryDelayMs(typeof details === 'string' ? details : undefined));
}

function unanswered(
  limit: { lastStreamId: number },
  stream: ClientHttp2Stream,
  failure: Error | undefined,
): Outcome {
  const reason = failure?.message ?? `stream closed with code ${stream.rstCode}`;
  if (stream.id === undefined) return neverTaken(`never sent: ${reason}`);
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return neverTaken('REFUSED_STREAM');
  if (stream.id > limit.lastStreamId) return neverTaken("above GOAWAY's last stream");
  return failure !== undefined && isTlsRefusal(failure) ? neverTaken(reason) : noAnswer(reason);
}

/** grpc-message is percent-encoded. */
function decodeMessage(text: string | string[] | undefined): string {
  if (typeof text !== 'string') return '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // malformed escapes: the text as it came says more than nothing
  }
}
