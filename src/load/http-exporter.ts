import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
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
import type { Exporter, ExporterOptions, Outcome } from './exporter.ts';
import type { LoadEndpoint } from './messages.ts';
import { type ConnectionState, createReconnectDelay, createRoundRobin } from './round-robin.ts';

const paths: Record<Signal, string> = { traces: '/v1/traces', metrics: '/v1/metrics', logs: '/v1/logs' };
const connectTimeoutMs = 5_000;
const answerBytesMax = 4 * 1024 * 1024;

/**
 * OTLP over HTTP/1.1 with kept-alive connections. A connection carries one request at a time, so each endpoint's pool
 * grows with the requests in flight, up to the entry's bound; `connections` is what gRPC uses.
 */
export function createHttpExporter(options: ExporterOptions): Exporter {
  const servers = options.endpoints.map((endpoint) => new HttpServerPool(endpoint, options));
  const pick = createRoundRobin(servers);
  return {
    send(body, attemptDeadlineNs) {
      if (body.length > requestBytesMax) return Promise.resolve(tooLarge(body));
      const start = (server: HttpServerPool | string) => {
        if (typeof server === 'string') return neverTaken(server);
        const whole = options.compression === 'gzip' ? gzipBody(body) : body;
        return attempt(server, whole.subarray(prefixBytes), attemptDeadlineNs);
      };
      const picked = pick(attemptDeadlineNs);
      return picked instanceof Promise ? picked.then(start) : Promise.resolve(start(picked));
    },
    ready: () => Promise.resolve(), // requests bring their own connections
    close() {
      for (const server of servers) server.close();
    },
  };
}

/** One endpoint: its agent, and whether connecting to it works. */
class HttpServerPool {
  readonly #agent: HttpAgent;
  readonly #delay = createReconnectDelay();
  readonly #options: RequestOptions;
  readonly #ownHeaders: () => Record<string, string>;
  /** As a list of names and values, which node writes as it stands. */
  readonly #fixedHeaders: string[];
  #lastOwn: Record<string, string> | undefined;
  #lastSize = -1;
  #lastOptions: RequestOptions = {};
  readonly #secure: boolean;
  readonly #name: string;
  #waitingUntilNs = 0;
  #reason = '';

  constructor(endpoint: LoadEndpoint, options: ExporterOptions) {
    const url = parseAddress(endpoint.otlp.http ?? '');
    this.#secure = url.protocol === 'https:';
    this.#name = `${endpoint.member} ${url.host}`;
    const pool = { keepAlive: true, maxSockets: options.maxInFlight, maxFreeSockets: options.maxInFlight };
    this.#agent = this.#secure
      ? new HttpsAgent({ ...pool, ...tlsOptions(endpoint.otlp, url) })
      : new HttpAgent(pool);
    this.#options = {
      agent: this.#agent,
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || (this.#secure ? 443 : 80),
      path: `${url.pathname.replace(/\/$/, '')}${paths[options.signal]}`,
    };
    this.#ownHeaders = createHeaderSource(endpoint.otlp);
    this.#fixedHeaders = Object.entries({
      host: url.host,
      'user-agent': 'squall',
      'content-type': options.protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
      ...(options.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
    }).flat();
  }

  /** After a failed connect no request is tried here until the pause is over. */
  get state(): ConnectionState {
    return nowNs() < this.#waitingUntilNs ? { kind: 'waiting', reason: this.#reason } : { kind: 'open' };
  }

  onChange(): void {} // never `connecting`: requests bring their own connections

  connected(): void {
    this.#delay.reset();
  }

  connectFailed(message: string): string {
    this.#reason = `${this.#name}: ${message}`;
    if (nowNs() >= this.#waitingUntilNs) this.#waitingUntilNs = nowNs() + this.#delay.next() * 1e6;
    return this.#reason;
  }

  request(sizeBytes: number): ClientRequest {
    const options = this.#optionsFor(sizeBytes);
    return this.#secure ? httpsRequest(options) : httpRequest(options);
  }

  /** The same object while neither the size nor the token has changed: nearly all bodies of an entry are alike. */
  #optionsFor(sizeBytes: number): RequestOptions {
    const own = this.#ownHeaders();
    if (sizeBytes !== this.#lastSize || own !== this.#lastOwn) {
      this.#lastSize = sizeBytes;
      this.#lastOwn = own;
      const headers = [
        ...this.#fixedHeaders,
        'content-length',
        String(sizeBytes),
        ...Object.entries(own).flat(),
      ];
      this.#lastOptions = { ...this.#options, headers };
    }
    return this.#lastOptions;
  }

  get secure(): boolean {
    return this.#secure;
  }

  close(): void {
    this.#agent.destroy();
  }
}

function attempt(server: HttpServerPool, message: Buffer, deadlineNs: number): Promise<Outcome> | Outcome {
  const timeoutMs = Math.max(1, Math.round((deadlineNs - nowNs()) / 1e6));
  let request: ClientRequest;
  try {
    request = server.request(message.length);
  } catch (error) {
    return neverTaken(messageOf(error));
  }
  return new Promise((resolve) => {
    let connected = false;
    const finish = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome); // the first outcome stands
    };
    const fail = (error: Error) => {
      const definite = !connected || isTlsRefusal(error);
      finish(definite ? neverTaken(server.connectFailed(error.message)) : noAnswer(error.message));
    };
    const timer = setTimeout(() => {
      fail(new Error(`no ${connected ? 'answer' : 'connection'} within ${timeoutMs} ms`));
      request.destroy();
    }, timeoutMs);
    request.on('socket', (socket) => {
      awaitConnect(socket, server.secure, () => {
        connected = true;
        server.connected();
      });
    });
    request.on('error', fail);
    request.on('response', (response) => readAnswer(response, finish));
    request.end(message);
  });
}

function awaitConnect(socket: Socket, secure: boolean, then: () => void): void {
  if (!socket.connecting) {
    then();
    return;
  }
  const giveUp = setTimeout(
    () => socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
    connectTimeoutMs,
  );
  socket.once('close', () => clearTimeout(giveUp));
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    clearTimeout(giveUp);
    then();
  });
}

function readAnswer(response: IncomingMessage, finish: (outcome: Outcome) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= answerBytesMax) chunks.push(chunk);
    else response.destroy(new Error(`an answer of more than ${answerBytesMax} bytes`));
  });
  response.on('error', (error) => finish(noAnswer(`cut off within the answer: ${messageOf(error)}`)));
  response.on('end', () => finish(outcomeOf(response, Buffer.concat(chunks))));
}

function outcomeOf(response: IncomingMessage, bytes: Buffer): Outcome {
  const body = readEncodedBody(bytes, response.headers['content-encoding']);
  const status = response.statusCode ?? 0;
  const type = response.headers['content-type'] ?? '';
  if (status >= 200 && status < 300) {
    const json = type.includes('json');
    return successOutcome(status, json ? readJsonPartialSuccess(body.toString()) : readPartialSuccess(body));
  }
  const retryAfterMs = readRetryAfterMs(response.headers['retry-after'], systemClock.wallMs());
  return httpFailure(status, readStatusMessage(body, type), retryAfterMs);
}
