import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:http2';
import { nowNs } from '../base/clock.ts';
import { createHeaderSource, parseAddress, tlsOptions } from './credentials.ts';
import type { LoadEndpoint } from './messages.ts';
import type { ConnectionState } from './round-robin.ts';
import { createReconnectDelay } from './round-robin.ts';

const connectTimeoutMs = 5_000;
const pingTimeoutMs = 5_000;
const provenNs = 1e9;
/** Node's 10 MB count bodies under way; beyond that it drops the peer's answers. maxInFlight is the bound here. */
const sessionMemoryMb = 4000;

/** Streams above `lastStreamId` were not processed by the server (GOAWAY). */
interface SessionLimit {
  lastStreamId: number;
}

/** One HTTP/2 connection to one endpoint, opened again with growing pauses whenever it breaks. */
export class GrpcConnection {
  /** Of the present session; a stream keeps that of the session it was opened on. */
  limit: SessionLimit = { lastStreamId: Number.POSITIVE_INFINITY };
  readonly #endpoint: LoadEndpoint;
  readonly #call: { path: string; compression: 'none' | 'gzip' };
  readonly #url: URL;
  readonly #delay = createReconnectDelay();
  /** The one being opened or open; events of earlier ones are no longer ours. */
  #current: ClientHttp2Session | undefined;
  /** The current one, once it is open. */
  #session: ClientHttp2Session | undefined;
  #openedNs = 0;
  #state: ConnectionState = { kind: 'connecting' };
  #changed: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #pinging = false;
  readonly #ownHeaders: () => Record<string, string>;
  #lastOwn: Record<string, string> | undefined;
  #headers: readonly string[] = [];
  #timeoutMs = -1;

  constructor(endpoint: LoadEndpoint, call: { path: string; compression: 'none' | 'gzip' }) {
    this.#endpoint = endpoint;
    this.#call = call;
    this.#url = parseAddress(endpoint.otlp.grpc ?? '');
    this.#ownHeaders = createHeaderSource(endpoint.otlp);
    this.#open();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls back at the next change of state. */
  onChange(listener: () => void): void {
    this.#changed.push(listener);
  }

  request(headers: readonly string[]): ClientHttp2Stream {
    if (this.#session === undefined) throw new Error('not connected');
    return this.#session.request(headers, { endStream: false });
  }

  /**
   * Names and values in turn, which node sends as they stand (an object it would copy and check each time). The same
   * list while neither the timeout nor the token has changed.
   */
  headersFor(timeoutMs: number): readonly string[] {
    const own = this.#ownHeaders();
    if (timeoutMs !== this.#timeoutMs || own !== this.#lastOwn) {
      this.#timeoutMs = timeoutMs;
      this.#lastOwn = own;
      this.#headers = Object.entries({
        ':method': 'POST',
        ':scheme': this.#url.protocol.slice(0, -1),
        ':authority': this.#url.host,
        ':path': this.#call.path,
        ...own,
        'content-type': 'application/grpc',
        ...(this.#call.compression === 'gzip' ? { 'grpc-encoding': 'gzip' } : {}),
        'grpc-timeout': `${timeoutMs}m`,
        te: 'trailers',
        'user-agent': 'squall',
      }).flat();
    }
    return this.#headers;
  }

  /** An answer did not come: asks the peer for a sign of life, and breaks the connection if there is none. */
  suspect(timeoutMs: number): void {
    const session = this.#session;
    if (session === undefined || session.destroyed || this.#pinging) return;
    this.#pinging = true;
    const timer = setTimeout(
      () => session.destroy(new Error('no answer to a ping')),
      Math.min(timeoutMs, pingTimeoutMs),
    );
    const done = () => {
      clearTimeout(timer);
      this.#pinging = false;
    };
    session.once('close', done);
    session.ping(() => done());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#current?.destroy();
    this.#become({ kind: 'waiting', reason: 'closed' });
  }

  #open(): void {
    this.#become({ kind: 'connecting' });
    let session: ClientHttp2Session;
    try {
      this.#ownHeaders(); // an unreadable token file shows as the reason why there is no connection
      session = connect(this.#url, {
        settings: { enablePush: false },
        maxSessionMemory: sessionMemoryMb,
        ...tlsOptions(this.#endpoint.otlp, this.#url),
      });
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#watch(session);
  }

  #watch(session: ClientHttp2Session): void {
    this.#current = session;
    let reason = 'closed by the peer';
    const giveUp = setTimeout(
      () => session.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    const limit: SessionLimit = { lastStreamId: Number.POSITIVE_INFINITY };
    session.on('connect', () => {
      clearTimeout(giveUp);
      this.#session = session;
      this.#openedNs = nowNs();
      this.limit = limit;
      this.#become({ kind: 'open' });
    });
    session.on('goaway', (_code, lastStreamId) => {
      limit.lastStreamId = lastStreamId ?? Number.POSITIVE_INFINITY;
      // Streams in flight may still be answered; new ones need a new connection.
      this.#detach(session, 'GOAWAY');
    });
    session.on('error', (error) => {
      reason = error.message;
    });
    session.on('close', () => {
      clearTimeout(giveUp);
      this.#detach(session, reason);
    });
  }

  #detach(session: ClientHttp2Session, reason: string): void {
    if (this.#current !== session) return;
    const wasOpen = this.#session !== undefined;
    this.#current = undefined;
    this.#session = undefined;
    // A connection that served for a while is replaced at once; one that breaks as it opens is not hammered.
    if (wasOpen && !this.#closed && nowNs() - this.#openedNs > provenNs) {
      this.#delay.reset();
      this.#open();
    } else this.#lost(reason);
  }

  #lost(reason: string): void {
    this.#become({ kind: 'waiting', reason: `${this.#endpoint.member} ${this.#url.host}: ${reason}` });
    if (!this.#closed) this.#timer = setTimeout(() => this.#open(), this.#delay.next());
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    const listeners = this.#changed;
    this.#changed = [];
    for (const listener of listeners) listener();
  }
}
