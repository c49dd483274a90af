import { validateHeaderName, validateHeaderValue } from 'node:http';
import { nowNs, systemClock } from '../base/clock.ts';
import type { Signal } from '../base/signal.ts';
import { prefixBytes } from '../otlp/template.ts';
import {
  httpFailure,
  isTlsRefusal,
  messageOf,
  neverTaken,
  noAnswer,
  requestBytesMax,
  successOutcome,
  tooLarge,
} from './answer.ts';
import {
  readEncodedBody,
  readJsonPartialSuccess,
  readPartialSuccess,
  readRetryAfterMs,
  readStatusMessage,
} from './answer-body.ts';
import { gzipBody } from './compression.ts';
import { createHeaderSource, parseAddress, tlsOptions } from './credentials.ts';
import { Deadlines } from './deadlines.ts';
import type { Exporter, ExporterOptions, Outcome } from './exporter.ts';
import type { Answer } from './http1-answer.ts';
import { Http1Connection } from './http1-connection.ts';
import type { LoadEndpoint } from './messages.ts';
import type { PeerList } from './peers.ts';
import { type ConnectionState, createReconnectDelay, createRoundRobin } from './round-robin.ts';
import type { SocketOptions } from './socket.ts';

const paths: Record<Signal, string> = { traces: '/v1/traces', metrics: '/v1/metrics', logs: '/v1/logs' };

/**
 * OTLP over HTTP/1.1 with kept-alive connections. A connection carries one request at a time, so each endpoint's pool
 * grows with the requests in flight, which the entry bounds; `connections` is what gRPC uses.
 */
export function createHttpExporter(options: ExporterOptions): Exporter {
  const servers = options.endpoints.map((endpoint) => new HttpServerPool(endpoint, options));
  const pick = createRoundRobin(servers);
  const deadlines = new Deadlines();
  return {
    send(body, attemptDeadlineNs) {
      if (body.length > requestBytesMax) return Promise.resolve(tooLarge(body));
      const picked = pick(attemptDeadlineNs);
      const atOnce = !(picked instanceof Promise);
      const start = (server: HttpServerPool | string) => {
        if (typeof server === 'string') return neverTaken(server);
        const whole = options.compression === 'gzip' ? gzipBody(body) : body;
        return attempt({ server, deadlines, atOnce }, whole.subarray(prefixBytes), attemptDeadlineNs);
      };
      return atOnce ? Promise.resolve(start(picked)) : picked.then(start);
    },
    ready: () => Promise.resolve(), // requests bring their own connections
    close() {
      for (const server of servers) server.close();
      deadlines.close();
    },
  };
}

/** One endpoint: its connections, and whether connecting to it works. */
class HttpServerPool {
  readonly #delay = createReconnectDelay();
  readonly #socket: SocketOptions;
  readonly #ownHeaders: () => Record<string, string>;
  readonly #fixedHeaders: Record<string, string>;
  readonly #requestLine: string;
  readonly #name: string;
  readonly #member: string;
  readonly #peers: PeerList | undefined;
  /** The one used last is used next: the others may be closed by the server when they are not needed. */
  readonly #idle: Http1Connection[] = [];
  readonly #all = new Set<Http1Connection>();
  #lastOwn: Record<string, string> | undefined;
  #lastSize = -1;
  #lastHead: Buffer = Buffer.alloc(0);
  #waitingUntilNs = 0;
  #reason = '';

  constructor(endpoint: LoadEndpoint, options: ExporterOptions) {
    const url = parseAddress(endpoint.otlp.http ?? '');
    this.#name = `${endpoint.member} ${url.host}`;
    this.#member = endpoint.member;
    this.#peers = options.peers;
    this.#socket = { url, tls: tlsOptions(endpoint.otlp, url), alpn: 'http/1.1' };
    this.#requestLine = `POST ${url.pathname.replace(/\/$/, '')}${paths[options.signal]} HTTP/1.1`;
    this.#ownHeaders = createHeaderSource(endpoint.otlp);
    this.#fixedHeaders = {
      host: url.host,
      connection: 'keep-alive',
      'user-agent': 'squall',
      'content-type': options.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      ...(options.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    };
  }

  /** After a failed connect no request is tried here until the pause is over. */
  get state(): ConnectionState {
    if (this.#waitingUntilNs > 0 && nowNs() < this.#waitingUntilNs)
      return { kind: 'waiting', reason: this.#reason };
    return openState;
  }

  onChange(): void {} // never `connecting`: requests bring their own connections

  connectFailed(message: string): string {
    this.#reason = `${this.#name}: ${message}`;
    if (nowNs() >= this.#waitingUntilNs) this.#waitingUntilNs = nowNs() + this.#delay.next() * 1e6;
    return this.#reason;
  }

  /** An idle connection, or a new one. Throws when there can be none. */
  take(): Http1Connection {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) break;
      if (!idle.stale) return idle;
      idle.destroy();
    }
    const made = new Http1Connection(this.#socket, {
      opened: (connection) => this.#opened(connection),
      idle: (connection) => void this.#idle.push(connection),
      closed: (connection) => this.#forget(connection),
    });
    this.#all.add(made);
    return made;
  }

  /** The same bytes while neither the size nor the token has changed: nearly all bodies of an entry are alike. */
  headFor(sizeBytes: number): Buffer {
    const own = this.#ownHeaders();
    if (sizeBytes !== this.#lastSize || own !== this.#lastOwn) {
      this.#lastHead = this.#encodeHead(own, sizeBytes);
      this.#lastSize = sizeBytes;
      this.#lastOwn = own;
    }
    return this.#lastHead;
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #encodeHead(own: Record<string, string>, sizeBytes: number): Buffer {
    for (const [name, value] of Object.entries(own)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    const headers = { ...own, ...this.#fixedHeaders, 'content-length': String(sizeBytes) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.from(`${this.#requestLine}\r\n${lines.join('')}\r\n`, 'latin1');
  }

  #opened(connection: Http1Connection): void {
    this.#delay.reset();
    const peer = this.#peers?.idOf(this.#member, connection.peerAddress) ?? -1;
    if (peer >= 0) connection.peer = peer;
  }

  #forget(connection: Http1Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }
}

const openState: ConnectionState = { kind: 'open' };

function attempt(
  on: { server: HttpServerPool; deadlines: Deadlines; atOnce: boolean },
  message: Buffer,
  deadlineNs: number,
): Promise<Outcome> | Outcome {
  const { server, deadlines, atOnce } = on;
  let connection: Http1Connection;
  let head: Buffer;
  try {
    head = server.headFor(message.length);
    connection = server.take();
  } catch (error) {
    return neverTaken(messageOf(error));
  }
  const timeoutMs = Math.max(1, Math.round((deadlineNs - nowNs()) / 1e6));
  return new Promise((resolve) => {
    const tookAtOnce = atOnce && connection.opened;
    // The first outcome stands.
    const exchange = {
      deadlineNs,
      expire() {
        const { opened } = connection;
        const early = connection.destroy();
        const missing = `no ${opened ? 'answer' : 'connection'} within ${timeoutMs} ms`;
        if (early === undefined) exchange.failed(new Error(missing), opened);
        else exchange.answered(early);
      },
      answered(answer: Answer) {
        deadlines.remove(exchange);
        const outcome = outcomeOf(answer);
        if (tookAtOnce) outcome.leftNs = leaving.atNs;
        outcome.readNs = connection.readNs;
        resolve(carried(outcome, connection));
      },
      failed(error: Error, reached: boolean) {
        deadlines.remove(exchange);
        const definite = !reached || isTlsRefusal(error);
        const outcome = definite ? neverTaken(server.connectFailed(error.message)) : noAnswer(error.message);
        resolve(carried(outcome, connection));
      },
    };
    deadlines.add(exchange);
    connection.send(head, message, exchange);
    const { leaving } = connection;
  });
}

function carried(outcome: Outcome, { peer }: Http1Connection): Outcome {
  if (peer !== undefined) outcome.peer = peer;
  return outcome;
}

function outcomeOf({ head, body }: Answer): Outcome {
  const { status, headers } = head;
  if (status >= 200 && status < 300 && body.length === 0) return successOutcome(status, nothingRejected);
  const type = headers.get('content-type') ?? '';
  const bytes = readEncodedBody(body, headers.get('content-encoding'));
  if (status >= 200 && status < 300) {
    const json = type.includes('json');
    return successOutcome(
      status,
      json ? readJsonPartialSuccess(bytes.toString()) : readPartialSuccess(bytes),
    );
  }
  const retryAfterMs = readRetryAfterMs(headers.get('retry-after'), systemClock.wallMs());
  return httpFailure(status, readStatusMessage(bytes, type), retryAfterMs);
}

const nothingRejected = { rejected: 0, message: '' };
