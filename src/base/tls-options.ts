import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

/** What a client is told about the TLS of a server; paths are absolute. */
export interface ClientTls {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  serverName?: string;
  insecureSkipVerify: boolean;
}

/** The same as node:tls takes it, the files read now; nothing where nothing is told. Throws where one is unreadable. */
export function clientTlsOptions(tls: ClientTls | undefined): ConnectionOptions {
  if (tls === undefined) return {};
  return {
    ...(tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile) }),
    ...(tls.certFile === undefined ? {} : { cert: readFileSync(tls.certFile) }),
    ...(tls.keyFile === undefined ? {} : { key: readFileSync(tls.keyFile) }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}
