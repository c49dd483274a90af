import { nowNs } from '../base/clock.ts';
import { type Answer, AnswerReader } from './http1-answer.ts';
import { type Leaving, LoadSocket, type SocketOptions } from './socket.ts';

/** What becomes of the one request on a connection: either is called once. */
export interface Exchange {
  answered(answer: Answer): void;
  /** `reached`: the connection was open, so that the server may have the request. */
  failed(error: Error, reached: boolean): void;
}

export interface ConnectionListener {
  opened(connection: Http1Connection): void;
  /** It can carry another request. */
  idle(connection: Http1Connection): void;
  closed(connection: Http1Connection): void;
}

/** A kept-alive HTTP/1.1 connection that carries one request at a time. Throws when it cannot be tried at all. */
export class Http1Connection {
  readonly #socket: LoadSocket;
  readonly #reader = new AnswerReader();
  readonly #listener: ConnectionListener;
  #exchange: Exchange | undefined;
  /** An answer to a request whose bytes have not all left. */
  #early: Answer | undefined;
  #open = false;
  /** See PeerRecord; undefined until it is open, and where nobody counts peers. */
  peer: number | undefined;
  #usableUntilNs = Number.POSITIVE_INFINITY;

  constructor(options: SocketOptions, listener: ConnectionListener) {
    this.#listener = listener;
    this.#socket = new LoadSocket(options, {
      opened: () => {
        this.#open = true;
        listener.opened(this);
      },
      received: (chunk) => this.#receive(chunk),
      closed: (error) => this.#closed(error),
    });
  }

  /** This and the next two: see LoadSocket. */
  get leaving(): Leaving {
    return this.#socket.leaving;
  }

  get readNs(): number {
    return this.#socket.readNs;
  }

  get peerAddress(): string | undefined {
    return this.#socket.peerAddress;
  }

  get opened(): boolean {
    return this.#open;
  }

  /** Idle for so long that the server may be about to close it. */
  get stale(): boolean {
    return this.#usableUntilNs !== Number.POSITIVE_INFINITY && nowNs() >= this.#usableUntilNs;
  }

  /** Only while idle or new. `head` ends with the empty line. */
  send(head: Buffer, body: Buffer, exchange: Exchange): void {
    this.#exchange = exchange;
    this.#socket.write(head);
    this.#socket.write(body);
  }

  /** Gives what has been answered, if anything has. */
  destroy(): Answer | undefined {
    this.#socket.destroy();
    return this.#early;
  }

  #receive(chunk: Buffer): void {
    if (this.#exchange === undefined) {
      this.#socket.destroy(new Error('an answer to nothing'));
      return;
    }
    try {
      const read = this.#reader.push(chunk);
      if (read !== undefined) this.#answered(read.answer, read.surplus);
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #answered(answer: Answer, surplus: number): void {
    const exchange = this.#exchange;
    const { keepAlive, idleMsMax, status } = answer.head;
    const isRead = this.#socket.unsentBytes() === 0;
    if (!isRead && status < 300) {
      // A body that the server has not read to its end must not be used again before its bytes have left.
      this.#early = answer;
      this.#socket.afterFlush(() => this.#end(exchange, answer));
      return;
    }
    this.#exchange = undefined;
    if (isRead && surplus === 0 && keepAlive && idleMsMax > 0) {
      this.#usableUntilNs = idleMsMax === Number.POSITIVE_INFINITY ? idleMsMax : nowNs() + idleMsMax * 1e6;
      this.#listener.idle(this);
    } else this.#socket.destroy();
    exchange?.answered(answer);
  }

  #end(exchange: Exchange | undefined, answer: Answer): void {
    this.#exchange = undefined;
    this.#socket.destroy();
    exchange?.answered(answer);
  }

  #closed(error: Error | undefined): void {
    this.#listener.closed(this);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange === undefined) return;
    const answer = this.#reader.finish();
    if (answer !== undefined && error === undefined) exchange.answered(answer);
    else exchange.failed(cutOff(error, this.#reader.begun), this.#open);
  }
}

function cutOff(error: Error | undefined, begun: boolean): Error {
  if (!begun) return error ?? new Error('closed by the server');
  return new Error(`cut off within the answer: ${error?.message ?? 'closed by the server'}`);
}
