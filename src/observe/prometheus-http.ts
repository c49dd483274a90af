import { readFileSync } from 'node:fs';
import { type Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { clientTlsOptions } from '../base/tls-options.ts';
import type { PrometheusSpec } from '../scenario/types.ts';

/** A server that answers endlessly is no Prometheus. */
const bodyBytesMax = 64 * 1024 * 1024;

/** A Prometheus, and how to reach it where its address does not lead there from this machine. */
export interface PrometheusAccess {
  spec: PrometheusSpec;
  agent?: Agent;
}

/** One form POST to the API below spec.url. Rejects on transport errors and after timeoutMs; any status resolves. */
export function postForm(
  { spec, agent }: PrometheusAccess,
  path: string,
  form: Record<string, string> | [string, string][],
  timeoutMs: number,
): Promise<{ status: number; body: string }> {
  const base = new URL(spec.url);
  const url = new URL(base.pathname.replace(/\/+$/, '') + path, base);
  const body = new URLSearchParams(form).toString();
  const headers: Record<string, string> = {
    ...spec.headers,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
    ...bearer(spec),
  };
  const login =
    base.username === ''
      ? {}
      : { auth: `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}` };
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = send(
      url,
      {
        method: 'POST',
        headers,
        signal,
        ...login,
        ...clientTlsOptions(spec.tls),
        ...(agent === undefined ? {} : { agent }),
      },
      (incoming) => {
        const parts: Buffer[] = [];
        let size = 0;
        incoming.on('data', (part: Buffer) => {
          size += part.length;
          if (size > bodyBytesMax) incoming.destroy(new Error(`the answer is over ${bodyBytesMax} bytes`));
          else parts.push(part);
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(parts).toString() }),
        );
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Read at every request: such files are rotated. */
function bearer(spec: PrometheusSpec): Record<string, string> {
  if (spec.bearerTokenFile === undefined) return {};
  return { authorization: `Bearer ${readFileSync(spec.bearerTokenFile, 'utf8').trim()}` };
}
