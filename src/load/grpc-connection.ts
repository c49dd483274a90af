import { validateHeaderName, validateHeaderValue } from 'node:http';
import { nowNs } from '../base/clock.ts';
import { encodeBlocks, type HeaderBlocks } from '../wire/hpack-encode.ts';
import { firstFrameBytesMax } from '../wire/http2.ts';
import { createHeaderSource, parseAddress, tlsOptions } from './credentials.ts';
import { H2Session } from './h2-session.ts';
import type { H2Stream } from './h2-stream.ts';
import type { LoadEndpoint } from './messages.ts';
import type { PeerList } from './peers.ts';
import { type ConnectionState, createReconnectDelay } from './round-robin.ts';
import { LoadSocket } from './socket.ts';

const pingTimeoutMs = 5_000;
const provenNs = 1e9;

export interface GrpcCall {
  path: string;
  compression: 'none' | 'gzip';
  peers?: PeerList | undefined;
}

/** One HTTP/2 connection to one endpoint, opened again with growing pauses whenever it breaks. */
export class GrpcConnection {
  readonly #endpoint: LoadEndpoint;
  readonly #call: GrpcCall;
  readonly #url: URL;
  readonly #delay = createReconnectDelay();
  /** The one being opened or open; events of earlier ones are no longer ours. */
  #current: LoadSocket | undefined;
  /** The current one's, once it is open. */
  #session: H2Session | undefined;
  /** All that are not closed; those that the peer has retired still get answers. */
  readonly #sockets = new Set<LoadSocket>();
  #openedNs = 0;
  #peer = -1;
  #state: ConnectionState = { kind: 'connecting' };
  #changed: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #pingTimer: NodeJS.Timeout | undefined;
  readonly #ownHeaders: () => Record<string, string>;
  #lastOwn: Record<string, string> | undefined;
  #blocks: HeaderBlocks | undefined;
  #timeoutMs = -1;

  constructor(endpoint: LoadEndpoint, call: GrpcCall) {
    this.#endpoint = endpoint;
    this.#call = call;
    this.#url = parseAddress(endpoint.otlp.grpc ?? '');
    this.#ownHeaders = createHeaderSource(endpoint.otlp);
    this.#open();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** See PeerRecord: of the current connection, or of the last one. */
  get peer(): number {
    return this.#peer;
  }

  /** Calls back at the next change of state. */
  onChange(listener: () => void): void {
    this.#changed.push(listener);
  }

  /** Gives what the stream is on, whose end is the stream's. Throws when there is none. */
  request(stream: H2Stream): { session: H2Session; socket: LoadSocket } {
    const [session, socket] = [this.#session, this.#current];
    if (session === undefined || socket === undefined) throw new Error('not connected');
    session.request(stream);
    return { session, socket };
  }

  /** The same blocks while neither the timeout nor the token has changed. Throws when a header cannot be sent. */
  headersFor(timeoutMs: number): HeaderBlocks {
    const own = this.#ownHeaders();
    if (this.#blocks === undefined || timeoutMs !== this.#timeoutMs || own !== this.#lastOwn) {
      this.#blocks = this.#encodeHeaders(own, timeoutMs);
      this.#timeoutMs = timeoutMs;
      this.#lastOwn = own;
    }
    return this.#blocks;
  }

  /** An answer did not come: asks the peer for a sign of life, and breaks the connection if there is none. */
  suspect(timeoutMs: number): void {
    const [socket, session] = [this.#current, this.#session];
    if (socket === undefined || session === undefined || this.#pingTimer !== undefined) return;
    this.#pingTimer = setTimeout(
      () => socket.destroy(new Error('no answer to a ping')),
      Math.min(timeoutMs, pingTimeoutMs),
    );
    session.ping(() => {
      if (this.#session === session) this.#endPing();
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    this.#become({ kind: 'waiting', reason: 'closed' });
  }

  #endPing(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = undefined;
  }

  #encodeHeaders(own: Record<string, string>, timeoutMs: number): HeaderBlocks {
    const fields = {
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
    };
    for (const [name, value] of Object.entries(own)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    const blocks = encodeBlocks(
      Object.entries(fields).map(([name, value]) => ({ name, value, secret: name in own })),
    );
    if (blocks.plain.length > firstFrameBytesMax) throw new Error('the headers are over 16 KiB');
    return blocks;
  }

  #open(): void {
    this.#become({ kind: 'connecting' });
    try {
      this.#ownHeaders(); // an unreadable token file shows as the reason why there is no connection
      this.#connect();
    } catch (error) {
      this.#lost(error instanceof Error ? error.message : String(error));
    }
  }

  #connect(): void {
    const socket = new LoadSocket(
      { url: this.#url, tls: tlsOptions(this.#endpoint.otlp, this.#url), alpn: 'h2' },
      {
        opened: () => {
          session.begin();
          if (this.#current !== socket) return;
          this.#session = session;
          this.#openedNs = nowNs();
          this.#peer = this.#call.peers?.idOf(this.#endpoint.member, socket.peerAddress) ?? -1;
          this.#become({ kind: 'open' });
        },
        received: (chunk) => {
          try {
            session.receive(chunk);
          } catch (error) {
            socket.destroy(error instanceof Error ? error : new Error(String(error)));
          }
        },
        closed: (error) => {
          this.#sockets.delete(socket);
          this.#detach(socket, error?.message ?? 'closed by the peer');
          session.fail(error ?? new Error('closed by the peer'));
        },
      },
    );
    const session = new H2Session(socket, {
      // Streams in flight may still be answered; new ones need a new connection.
      retired: (reason) => this.#detach(socket, reason),
      drained: () => socket.end(),
    });
    this.#current = socket;
    this.#sockets.add(socket);
  }

  #detach(socket: LoadSocket, reason: string): void {
    if (this.#current !== socket) return;
    const wasOpen = this.#session !== undefined;
    this.#current = undefined;
    this.#session = undefined;
    this.#endPing();
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
