import { nowNs } from '../base/clock.ts';
import type { Signal } from '../base/signal.ts';
import type { HeaderBlocks } from '../wire/hpack-encode.ts';
import { h2Error } from '../wire/http2.ts';
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
import { Deadlines } from './deadlines.ts';
import type { Exporter, ExporterOptions, Outcome } from './exporter.ts';
import { GrpcConnection } from './grpc-connection.ts';
import type { H2Session } from './h2-session.ts';
import { fieldOf, H2Stream, type StreamEnd } from './h2-stream.ts';
import { createRoundRobin } from './round-robin.ts';
import type { Leaving, LoadSocket } from './socket.ts';

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
        new GrpcConnection(endpoint, {
          path: paths[options.signal],
          compression: options.compression,
          peers: options.peers,
        }),
      );
  }
  const pick = createRoundRobin(connections);
  const deadlines = new Deadlines();
  const gzip = options.compression === 'gzip';
  return {
    send(body, attemptDeadlineNs) {
      if (body.length > requestBytesMax) return Promise.resolve(tooLarge(body));
      const picked = pick(attemptDeadlineNs);
      const atOnce = !(picked instanceof Promise);
      const start = (connection: GrpcConnection | string) =>
        typeof connection === 'string'
          ? neverTaken(connection)
          : call({ connection, deadlines, atOnce }, gzip ? gzipBody(body) : body, attemptDeadlineNs);
      return atOnce ? Promise.resolve(start(picked)) : picked.then(start);
    },
    async ready() {
      await Promise.all(connections.map(settled));
    },
    close() {
      for (const connection of connections) connection.close();
      deadlines.close();
    },
  };
}

function settled(connection: GrpcConnection): Promise<void> {
  if (connection.state.kind !== 'connecting') return Promise.resolve();
  return new Promise((resolve) => connection.onChange(resolve));
}

/** One attempt over an open connection. */
function call(
  on: { connection: GrpcConnection; deadlines: Deadlines; atOnce: boolean },
  body: Buffer,
  deadlineNs: number,
): Promise<Outcome> | Outcome {
  const { connection, deadlines, atOnce } = on;
  const timeoutMs = Math.max(1, Math.round((deadlineNs - nowNs()) / 1e6));
  let blocks: HeaderBlocks;
  try {
    blocks = connection.headersFor(timeoutMs);
  } catch (error) {
    return neverTaken(`no stream: ${messageOf(error)}`);
  }
  const { peer } = connection; // it may be another one's by the time of the answer
  return new Promise((resolve) => {
    let carrier: { session: H2Session; socket: LoadSocket } | undefined;
    let leaving: Leaving | undefined;
    const attempt = {
      deadlineNs,
      expire() {
        resolve(carried(answered(stream) ?? expired(stream, timeoutMs), stream, peer));
        carrier?.session.cancel(stream);
        connection.suspect(timeoutMs);
      },
    };
    const stream = new H2Stream(blocks, body, (how) => {
      deadlines.remove(attempt);
      const outcome = carried(answered(stream) ?? unanswered(how), stream, peer);
      if (leaving !== undefined) outcome.leftNs = leaving.atNs;
      if (how.kind === 'complete' && carrier !== undefined) outcome.readNs = carrier.socket.readNs;
      resolve(outcome); // the first stands
    });
    deadlines.add(attempt);
    carrier = connection.request(stream);
    if (atOnce && stream.id !== 0) leaving = carrier.socket.leaving;
  });
}

/** Names the peer of a stream that was opened; one that still waits for its turn was carried by none. */
function carried(outcome: Outcome, { id }: H2Stream, peer: number): Outcome {
  if (id !== 0 && peer >= 0) outcome.peer = peer;
  return outcome;
}

/** The server's answer, or undefined when it gave none. */
function answered({ head, tail, answer }: H2Stream): Outcome | undefined {
  if (head === undefined) return undefined;
  const fields = fieldOf(tail, 'grpc-status') === undefined ? head : tail;
  const code = fieldOf(fields, 'grpc-status');
  if (code === undefined) {
    const status = Number(fieldOf(head, ':status'));
    return Number.isNaN(status) || status === 200
      ? undefined
      : httpFailure(status, 'no grpc-status', undefined);
  }
  if (Number(code) === 0) {
    return successOutcome(0, readPartialSuccess(readSingleMessage(answer, fieldOf(head, 'grpc-encoding'))));
  }
  const retryDelayMs = readRetryDelayMs(fieldOf(fields, 'grpc-status-details-bin'));
  return grpcFailure(Number(code), decodeMessage(fieldOf(fields, 'grpc-message')), retryDelayMs);
}

function expired(stream: H2Stream, timeoutMs: number): Outcome {
  return stream.id === 0
    ? neverTaken(`never sent: the server allowed no further stream within ${timeoutMs} ms`)
    : noAnswer(`no answer within ${timeoutMs} ms`);
}

function unanswered(how: StreamEnd): Outcome {
  switch (how.kind) {
    case 'untaken':
      return neverTaken(how.reason);
    case 'broken':
      return isTlsRefusal(how.error) ? neverTaken(how.error.message) : noAnswer(how.error.message);
    case 'reset':
      if (how.code === h2Error.refusedStream) return neverTaken('REFUSED_STREAM');
      return noAnswer(`stream closed with code ${how.code}`);
    case 'complete':
      return noAnswer('an answer without a grpc-status');
  }
}

/** grpc-message is percent-encoded. */
function decodeMessage(text: string | undefined): string {
  if (text === undefined) return '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // malformed escapes: the text as it came says more than nothing
  }
}
