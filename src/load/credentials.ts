import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { OtlpSpec } from '../scenario/types.ts';

/** HOST:PORT or http:// is plaintext, https:// is TLS. */
export function parseAddress(address: string): URL {
  return new URL(address.includes('://') ? address : `http://${address}`);
}

/** TLS settings of an endpoint, its files read now. Empty for plaintext. */
export function tlsOptions(otlp: OtlpSpec, address: URL): ConnectionOptions {
  if (address.protocol !== 'https:') return {};
  const { tls } = otlp;
  if (tls === undefined) return {};
  return {
    ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
    ...(tls.certFile === undefined ? {} : { cert: readFileSync(tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readFileSync(tls.keyFile) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}

/** The scenario's headers in lower case, and the bearer token as it stands in its file now. */
export function requestHeaders(otlp: OtlpSpec): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(otlp.headers)) headers[name.toLowerCase()] = value;
  if (otlp.bearerTokenFile !== undefined) {
    headers.authorization = `Bearer ${readFileSync(otlp.bearerTokenFile, 'utf8').trim()}`;
  }
  return headers;
}
