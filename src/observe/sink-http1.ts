import type { Socket } from 'node:net';
import { type Clock, nowNs } from '../base/clock.ts';
import { Http1Error } from '../wire/http1.ts';
import { type MessageHandler, MessageReader } from '../wire/http1-reader.ts';
import { createAnswerEncoder, type Http1Answer } from './sink-http1-answer.ts';
import { parseRequest, type RequestHead } from './sink-http1-request.ts';

/** How the request that was begun last ends: one of these is called once. */
export interface Http1Output {
  /** Before the request's last byte it also ends the connection, for nobody wants the rest. */
  answer(answer: Http1Answer): void;
  /** There will be no answer. */
  silence(): void;
  /** The connection ends without an answer. */
  reset(): void;
}

/** What requests are for. `S` is what it keeps of one. */
export interface Http1Service<S> {
  /** A head came. Gives what `data` shall be called with; it may have been answered already. */
  begin(head: RequestHead, output: Http1Output): S;
  /** Part [from, to) of the body, lent for the call; `last`: the body is whole. Not called once it is answered. */
  data(request: S, bytes: Buffer, from: number, to: number, last: boolean): void;
}

export interface Http1Patience {
  /** Within a request, without a byte of it. */
  stallMs: number;
  /** From a head's first byte to its last. */
  headMs: number;
  /** After the last answer, for a client that still sends, so that it comes to read what it was told. */
  lingerMs: number;
}

/**
 * A frozen client may wake up and go on: its request must not end in doubt through the sink's own doing. Between requests
 * a connection may be idle for ever, as closing it races with the client's next one.
 */
const usualPatience: Http1Patience = { stallMs: 300_000, headMs: 60_000, lingerMs: 2_000 };
/** Answers that a client does not read. */
const unreadBytesMax = 16 * 1024 * 1024;

/** Gives what serves HTTP/1.1 on an accepted connection. */
export function createHttp1Server<S>(
  service: Http1Service<S>,
  clock: Clock,
  patience: Http1Patience = usualPatience,
): (socket: Socket) => void {
  const shared = { service, patience, encode: createAnswerEncoder(clock) };
  return (socket) => void new Link(socket, shared);
}

interface Shared<S> {
  service: Http1Service<S>;
  patience: Http1Patience;
  encode: ReturnType<typeof createAnswerEncoder>;
}

/** `reading` a request or between two, `waiting` for the answer to one that is whole, `silent` for good, `over`. */
type State = 'reading' | 'waiting' | 'silent' | 'over';

/** One connection: its requests are read and answered one after the other. */
class Link<S> implements MessageHandler<RequestHead>, Http1Output {
  readonly #socket: Socket;
  readonly #shared: Shared<S>;
  readonly #reader = new MessageReader<RequestHead>(this);
  readonly parse = parseRequest;
  #state: State = 'reading';
  #head: RequestHead | undefined;
  #request: S | undefined;
  /** What came behind a request that still waits for its answer. */
  #held: Buffer[] = [];
  #clientEnded = false;
  /** Within #read, which goes on by itself. */
  #busy = false;
  #headSinceNs = 0;

  constructor(socket: Socket, shared: Shared<S>) {
    this.#socket = socket;
    this.#shared = shared;
    socket.allowHalfOpen = true; // who ends after its request still reads the answer
    socket.setTimeout(shared.patience.stallMs);
    socket.on('timeout', () => this.#stalled());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#ended());
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'reading') this.#read(chunk);
    else if (this.#state !== 'over') this.#hold(chunk);
  }

  #hold(rest: Buffer): void {
    this.#held.push(Buffer.from(rest));
    this.#socket.pause();
  }

  #read(chunk: Buffer): void {
    this.#busy = true;
    try {
      let at = 0;
      while (at < chunk.length && this.#state === 'reading') at = this.#reader.read(chunk, at, chunk.length);
      if (at < chunk.length && this.#state !== 'over') this.#hold(chunk.subarray(at));
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#refuse(error);
    }
    this.#busy = false;
    if (this.#state === 'reading') this.#checkPace();
  }

  /** All that came has been read, and there is nothing to answer. */
  #checkPace(): void {
    if (this.#clientEnded) this.#end();
    else if (this.#head !== undefined || !this.#reader.begun) this.#headSinceNs = 0;
    else if (this.#headSinceNs === 0) this.#headSinceNs = nowNs();
    else if (nowNs() - this.#headSinceNs > this.#shared.patience.headMs * 1e6) this.#stalled();
  }

  head(head: RequestHead): void {
    this.#head = head;
    this.#request = this.#shared.service.begin(head, this);
    if (this.#state === 'reading' && head.expectsContinue)
      this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
  }

  body(bytes: Buffer, from: number, to: number, last: boolean): void {
    if (this.#state !== 'reading' || this.#request === undefined) return;
    if (last) this.#state = 'waiting';
    this.#shared.service.data(this.#request, bytes, from, to, last);
  }

  answer(answer: Http1Answer): void {
    const head = this.#head;
    if (head === undefined || this.#state === 'over' || !this.#socket.writable) return;
    const closes = this.#state === 'reading' || !head.keepAlive;
    const afterwards = closes ? 'close' : head.minor === '0' ? 'keep-alive' : 'open';
    this.#socket.write(this.#shared.encode(answer, { afterwards, headOnly: head.method === 'HEAD' }));
    this.#head = undefined;
    this.#request = undefined;
    if (closes) this.#end();
    else if (this.#socket.writableLength > unreadBytesMax) this.#socket.destroy();
    else {
      this.#state = 'reading';
      if (!this.#busy) this.#next();
    }
  }

  #next(): void {
    const held = Buffer.concat(this.#held);
    this.#held = [];
    if (held.length > 0) this.#socket.resume();
    this.#read(held);
  }

  silence(): void {
    this.#state = 'silent';
    if (this.#clientEnded) this.#socket.destroy();
  }

  reset(): void {
    this.#state = 'over';
    // Under TLS there is no such thing: there the connection is cut.
    if ('encrypted' in this.#socket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #refuse(error: Http1Error): void {
    this.#head = undefined;
    const content = Buffer.from(`${error.message}\n`);
    const answer = { status: error.status, headers: [['content-type', 'text/plain']] as const, content };
    this.#socket.write(this.#shared.encode(answer, { afterwards: 'close', headOnly: false }));
    this.#end();
  }

  #stalled(): void {
    if (this.#state === 'reading' && this.#reader.begun) {
      this.#refuse(new Http1Error('the request did not come to its end', 408));
    }
  }

  /** Ends our side. What the client still sends is read for a while: else its own error would hide our answer from it. */
  #end(): void {
    this.#state = 'over';
    this.#held = [];
    this.#socket.resume();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), this.#shared.patience.lingerMs).unref();
  }

  #ended(): void {
    this.#clientEnded = true;
    if (this.#state === 'silent') this.#socket.destroy();
    else if (this.#state === 'reading') this.#end();
  }
}
