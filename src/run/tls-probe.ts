import { connect } from 'node:tls';

/**
 * Whether a server at HOST:PORT (or a URL's) completes a TLS handshake, whatever its certificate. Asked only to explain
 * why plaintext got no answer; false for every failure.
 */
export function speaksTls(address: string, timeoutMs: number): Promise<boolean> {
  const { hostname, port } = new URL(address.includes('://') ? address : `http://${address}`);
  const host = hostname.replace(/^\[|\]$/g, '');
  const spoken = Promise.withResolvers<boolean>();
  const socket = connect({
    host,
    port: Number(port || 80),
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
    timeout: timeoutMs,
  });
  socket.on('secureConnect', () => spoken.resolve(true));
  // A server that wants our certificate ends the handshake by an alert: that is TLS all the same.
  socket.on('error', (error) => spoken.resolve(/ALERT/.test(String('code' in error && error.code))));
  socket.on('timeout', () => spoken.resolve(false)).on('close', () => spoken.resolve(false));
  return spoken.promise.finally(() => socket.destroy());
}
