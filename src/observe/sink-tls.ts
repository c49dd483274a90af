import type { Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';

/** Puts TLS, if there is any, before what serves connections. `protocol`: its name in ALPN. */
export function behindTls(
  serve: (socket: Socket) => void,
  tls: TlsOptions | undefined,
  protocol: 'h2' | 'http/1.1',
): (socket: Socket) => void {
  if (tls === undefined) return serve;
  const server = createServer({ ...tls, ALPNProtocols: [protocol] }, (socket) => {
    socket.on('error', () => undefined); // a peer's reset ends this connection and nothing else
    serve(socket);
  });
  server.on('tlsClientError', () => undefined); // plaintext or a bad certificate ends this connection alone
  return (socket) => server.emit('connection', socket);
}
