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
    send(body, attemptDeadlineNs) {
      if (body.length > requestBytesMax) return Promise.resolve(tooLarge(body));
      const picked = pick(attemptDeadlineNs);
      const start = (connection: GrpcConnection | string) =>
        typeof connection === 'string'
          ? neverTaken(connection)
          : call(connection, options.compression === 'gzip' ? gzipBody(body) : body, attemptDeadlineNs);
      return picked instanceof Promise ? picked.then(start) : Promise.resolve(start(picked));
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

function call(connection: GrpcConnection, body: Buffer, deadlineNs: number): Promise<Outcome> | Outcome {
  const timeoutMs = Math.max(1, Math.round((deadlineNs - nowNs()) / 1e6));
  let stream: ClientHttp2Stream;
  try {
    stream = connection.request(connection.headersFor(timeoutMs));
  } catch (error) {
    return neverTaken(`no stream: ${messageOf(error)}`);
  }
  return new Promise((resolve) => new Call(connection, stream, { body, timeoutMs }, resolve));
}

/**
 * One attempt. Node keeps a closed stream and all that its listeners hold until the next full collection, so what the
 * answer consists of is let go of as soon as it is told.
 */
class Call {
  readonly #connection: GrpcConnection;
  readonly #limit: { lastStreamId: number };
  readonly #timer: NodeJS.Timeout;
  #resolve: ((outcome: Outcome) => void) | undefined;
  #head: IncomingHttpHeaders | undefined;
  #tail: IncomingHttpHeaders | undefined;
  #chunks: Buffer[] = [];
  #failure: Error | undefined;

  constructor(
    connection: GrpcConnection,
    stream: ClientHttp2Stream,
    request: { body: Buffer; timeoutMs: number },
    resolve: (outcome: Outcome) => void,
  ) {
    const { timeoutMs } = request;
    this.#connection = connection;
    this.#limit = connection.limit;
    this.#resolve = resolve;
    this.#timer = setTimeout(() => this.#giveUp(stream, timeoutMs), timeoutMs);
    stream.on('response', (fields) => {
      this.#head = fields;
    });
    stream.on('trailers', (fields) => {
      this.#tail = fields;
    });
    stream.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    stream.on('end', () => {
      const outcome =
        this.#resolve === undefined ? undefined : answered(this.#head, this.#tail, this.#chunks);
      if (outcome !== undefined) this.#settle(outcome);
    });
    stream.on('error', (error) => {
      this.#failure = error;
    });
    stream.on('close', () => {
      if (this.#resolve === undefined) return;
      this.#settle(
        answered(this.#head, this.#tail, this.#chunks) ?? unanswered(this.#limit, stream, this.#failure),
      );
    });
    stream.end(request.body);
  }

  #settle(outcome: Outcome): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    this.#head = undefined;
    this.#tail = undefined;
    this.#chunks = [];
    clearTimeout(this.#timer);
    resolve?.(outcome);
  }

  #giveUp(stream: ClientHttp2Stream, timeoutMs: number): void {
    this.#settle(noAnswer(`no answer within ${timeoutMs} ms`));
    stream.close(constants.NGHTTP2_CANCEL);
    this.#connection.suspect(timeoutMs);
  }
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
