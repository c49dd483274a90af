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
  access: PrometheusAccess,
  path: string,
  form: Record<string, string> | [string, string][],
  timeoutMs: number,
): Promise<HttpAnswer> {
  return ask(access, path, { body: new URLSearchParams(form).toString(), timeoutMs });
}

/** The same for what can only be had by GET. */
export function getPath(access: PrometheusAccess, path: string, timeoutMs: number): Promise<HttpAnswer> {
  return ask(access, path, { timeoutMs });
}

export interface HttpAnswer {
  status: number;
  body: string;
}

function ask(
  { spec, agent }: PrometheusAccess,
  path: string,
  { body, timeoutMs }: { body?: string; timeoutMs: number },
): Promise<HttpAnswer> {
  const base = new URL(spec.url);
  const url = new URL(base.pathname.replace(/\/+$/, '') + path, base);
  const headers: Record<string, string> = { ...spec.headers, ...formHeaders(body), ...bearer(spec) };
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
        method: body === undefined ? 'GET' : 'POST',
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

function formHeaders(body: string | undefined): Record<string, string> {
  if (body === undefined) return {};
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
  };
}

/** Read at every request: such files are rotated. */
function bearer(spec: PrometheusSpec): Record<string, string> {
  if (spec.bearerTokenFile === undefined) return {};
  return { authorization: `Bearer ${readFileSync(spec.bearerTokenFile, 'utf8').trim()}` };
}
