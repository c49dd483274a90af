import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { nowNs } from '../base/clock.ts';

/** What arrives is read into this many bytes, again and again. */
const readBytes = 64 * 1024;
const connectTimeoutMs = 5_000;

export interface SocketOptions {
  url: URL;
  /** For https; see tlsOptions. */
  tls: ConnectionOptions;
  alpn: 'h2' | 'http/1.1';
}

export interface SocketListener {
  /** TCP, and TLS where there is any. */
  opened(): void;
  /** The chunk is overwritten after the call. */
  received(chunk: Buffer): void;
  /** Once, last. The error of the connection; undefined when the peer or we closed it. */
  closed(error: Error | undefined): void;
}

/** When all that was written in one turn of the event loop was handed to the socket, ns of nowNs; NaN before. */
export interface Leaving {
  atNs: number;
}

/** A connection, plain or TLS, whose writes within one turn of the event loop leave in one system call. */
export class LoadSocket {
  readonly #socket: Socket;
  #corked = false;
  #leaving: Leaving = { atNs: Number.NaN };
  /** When the chunk that was received last was read, ns of nowNs. */
  readNs = Number.NaN;
  #error: Error | undefined;

  /** Throws when the addresses or the TLS settings cannot be used at all. */
  constructor(options: SocketOptions, listener: SocketListener) {
    const socket = open(options, (chunk) => {
      this.readNs = nowNs();
      listener.received(chunk);
    });
    this.#socket = socket;
    const giveUp = setTimeout(
      () => socket.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
      connectTimeoutMs,
    );
    socket.once(options.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      clearTimeout(giveUp);
      listener.opened();
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.once('close', () => {
      clearTimeout(giveUp);
      listener.closed(this.#error);
    });
  }

  write(chunk: Buffer): void {
    if (!this.#corked) {
      this.#corked = true;
      this.#leaving = { atNs: Number.NaN };
      this.#socket.cork();
      process.nextTick(uncork, this);
    }
    this.#socket.write(chunk);
  }

  /** Of what was written last. */
  get leaving(): Leaving {
    return this.#leaving;
  }

  /** Where it ends, HOST:PORT; undefined once it is closed. */
  get peerAddress(): string | undefined {
    const { remoteAddress: host, remotePort: port } = this.#socket;
    if (host === undefined || port === undefined) return undefined;
    return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  }

  unsentBytes(): number {
    return this.#socket.writableLength;
  }

  afterFlush(then: () => void): void {
    this.#socket.write('', () => then());
  }

  /** What was written still leaves. */
  end(): void {
    this.#socket.destroySoon();
  }

  /** What was written leaves as far as the kernel takes it at once. */
  destroy(error?: Error): void {
    if (this.#corked) this.uncork();
    this.#socket.destroy(error);
  }

  uncork(): void {
    this.#corked = false;
    this.#leaving.atNs = nowNs();
    this.#socket.uncork();
  }
}

function uncork(socket: LoadSocket): void {
  socket.uncork();
}

function open({ url, tls, alpn }: SocketOptions, received: (chunk: Buffer) => void): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  const common = {
    host,
    port: Number(url.port || (secure ? 443 : 80)),
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback(bytes: number, buffer: Uint8Array) {
        received((buffer as Buffer).subarray(0, bytes));
        return true;
      },
    },
  };
  if (!secure) return connect(common);
  const named = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ ...common, ...named, ...tls, ALPNProtocols: [alpn] });
}
