import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { withReadBuffer } from './sink-socket.ts';

/** A listening socket in front of a protocol server, so that it can be shut and opened without touching the server. */
export interface Door {
  /** HOST:PORT actually bound. */
  address: string;
  /** Stops listening and cuts all connections: connects are refused. Gives the number of connections that it cut. */
  shut(): Promise<number>;
  /** Listens on the same address again. */
  open(): Promise<void>;
}

const reopenTries = 50;
const reopenEveryMs = 100;

/**
 * `enter` takes each accepted connection, whose 'data' it may not keep. `shared`: other threads listen on the same
 * address, and the kernel deals the connections out (SO_REUSEPORT). `tls`: it is about to be decrypted. Rejects with the
 * listen error (EADDRINUSE and so on).
 */
export async function createDoor(
  address: string,
  enter: (socket: Socket) => void,
  options: { shared: boolean; tls: boolean },
): Promise<Door> {
  const { host, port } = splitAddress(address);
  const sockets = new Set<Socket>();
  const accept = (accepted: Socket) => {
    const socket = options.tls ? accepted : withReadBuffer(accepted);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // a peer's reset ends this connection and nothing else
    socket.setNoDelay(true);
    enter(socket);
  };
  let server = createServer(accept);
  const listenAt = (port: number) => listen(server, { host, port, reusePort: options.shared });
  await listenAt(port);
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    async shut() {
      const cut = sockets.size;
      if (server.listening) server.close(); // at once; its callback would wait for every connection's last breath
      for (const socket of sockets) socket.destroy(); // resetAndDestroy under HTTP/2 makes the thread spin at its end
      await immediate();
      return cut;
    },
    async open() {
      if (server.listening) return;
      for (let attempt = 1; ; attempt++) {
        server = createServer(accept);
        try {
          await listenAt(boundPort);
          return;
        } catch (error) {
          // Another process may hold the port for a moment, as the end of one of its own connections.
          if (attempt === reopenTries) throw error;
          await delay(reopenEveryMs);
        }
      }
    },
  };
}

function listen(server: Server, at: { host: string; port: number; reusePort: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...at, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** HOST:PORT, [IPv6]:PORT, or :PORT for all interfaces. */
export function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(at + 1));
  if (at < 0 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`${address} is not HOST:PORT`);
  }
  return { host: host === '' ? '0.0.0.0' : host, port };
}
