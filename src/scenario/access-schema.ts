import { z } from 'zod';
import type { TlsSpec } from './types.ts';

/** How a client reaches a server, in every block that has one. */

export const path = z.string().min(1);
export const texts = z.record(z.string(), z.string());

export const tls = z.strictObject({
  caFile: path.optional(),
  certFile: path.optional(),
  keyFile: path.optional(),
  serverName: z.string().min(1).optional(),
  insecureSkipVerify: z.boolean().optional(),
});

export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** A path of the scenario, absolute. */
export type From = (file: string) => string;

export function toTls(text: z.output<typeof tls>, from: From): TlsSpec {
  return {
    ...(text.caFile === undefined ? {} : { caFile: from(text.caFile) }),
    ...(text.certFile === undefined ? {} : { certFile: from(text.certFile) }),
    ...(text.keyFile === undefined ? {} : { keyFile: from(text.keyFile) }),
    ...(text.serverName === undefined ? {} : { serverName: text.serverName }),
    insecureSkipVerify: text.insecureSkipVerify ?? false,
  };
}
