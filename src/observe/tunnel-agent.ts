import { type Agent, Agent as PlainAgent } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import { type Duplex, PassThrough } from 'node:stream';
import { type ConnectionOptions, connect as startTls } from 'node:tls';

type Connect = () => Promise<Duplex>;
type Made = (error: Error | null, stream: Duplex) => void;

/** Sends requests over connections that `connect` makes, kept open between requests; with TLS inside them if `secure`. */
export function tunnelAgent(options: { secure: boolean; connect: Connect }): Agent {
  return options.secure ? new SecureTunnel(options.connect) : new PlainTunnel(options.connect);
}

class PlainTunnel extends PlainAgent {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    super({ keepAlive: true });
    this.#connect = connect;
  }

  override createConnection(_: object, made?: Made): undefined {
    hand(this.#connect(), made);
  }
}

class SecureTunnel extends SecureAgent {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    super({ keepAlive: true });
    this.#connect = connect;
  }

  override createConnection(tls: ConnectionOptions, made?: Made): undefined {
    hand(
      this.#connect().then((socket) => startTls({ ...tls, socket })),
      made,
    );
  }
}

function hand(stream: Promise<Duplex>, made: Made | undefined): void {
  stream.then(
    (open) => made?.(null, open),
    (error: Error) => made?.(error, new PassThrough().destroy()),
  );
}
