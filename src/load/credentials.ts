import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { nowNs } from '../base/clock.ts';
import { clientTlsOptions } from '../base/tls-options.ts';
import type { OtlpSpec } from '../scenario/types.ts';

/** HOST:PORT or http:// is plaintext, https:// is TLS. */
export function parseAddress(address: string): URL {
  return new URL(address.includes('://') ? address : `http://${address}`);
}

/** TLS settings of an endpoint, its files read now. Empty for plaintext. */
export function tlsOptions(otlp: OtlpSpec, address: URL): ConnectionOptions {
  return address.protocol === 'https:' ? clientTlsOptions(otlp.tls) : {};
}

const rereadNs = 10e9;

/**
 * The scenario's headers in lower case with the bearer token of its file, which is read again every ten seconds, as
 * tokens expire. Throws when the file was never readable; later the last token stands.
 */
export function createHeaderSource(otlp: OtlpSpec): () => Record<string, string> {
  const { bearerTokenFile } = otlp;
  const fixed = Object.fromEntries(
    Object.entries(otlp.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (bearerTokenFile === undefined) return () => fixed;
  let last: Record<string, string> | undefined;
  let readNs = 0;
  return () => {
    if (last !== undefined && nowNs() - readNs < rereadNs) return last;
    readNs = nowNs();
    try {
      const token = readFileSync(bearerTokenFile, 'utf8').trim();
      if (last?.authorization !== `Bearer ${token}`) last = { ...fixed, authorization: `Bearer ${token}` };
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}
