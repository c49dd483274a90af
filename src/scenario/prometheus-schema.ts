import { z } from 'zod';
import { type From, isHttpUrl, path, texts, tls, toTls } from './access-schema.ts';
import { dnsLabel, dnsName, servicePattern } from './kubernetes-schema.ts';
import type { PrometheusSpec } from './types.ts';

const url = z.string().refine(isHttpUrl, { error: 'expected a URL such as http://127.0.0.1:9090' });

const access = {
  headers: texts.optional(),
  bearerTokenFile: path.optional(),
  tls: tls.optional(),
  match: texts.optional().describe('labels put into every selector of every query'),
};

/** Of a target for which squall starts one unless it is written, or has no use for one. */
export const prometheus = z.union([url, z.strictObject({ url, ...access })]);

/** squall starts one on its own machine, which asks the pods through the API server. */
const own = 'own';
const ownText = 'own: one on this machine that asks the pods through the API server';

/** In a cluster that is made for the run nothing else is there to ask. */
export const madePrometheus = z
  .union([
    z.string().refine((text) => text === own || isHttpUrl(text), {
      error: 'expected own, or a URL such as http://127.0.0.1:9090',
    }),
    z.strictObject({ url, ...access }),
  ])
  .describe(ownText);

/** In a cluster that is there already: by address, or a Service. */
export const placedPrometheus = z
  .union([
    z.string().refine((text) => text === own || isHttpUrl(text) || servicePattern.test(text), {
      error: 'expected a URL such as http://127.0.0.1:9090, service/NAME, or own',
    }),
    z
      .strictObject({
        url: url.optional(),
        service: dnsLabel.optional().describe('instead of url: a Service, reached through the API server'),
        namespace: dnsName.optional().describe('of the Service; default: the first of namespaces'),
        port: z.int().min(1).max(65535).optional().describe('of the Service; default: its only one, or 9090'),
        ...access,
      })
      .refine((text) => (text.url === undefined) !== (text.service === undefined), {
        error: 'expected exactly one of url and service',
      }),
  ])
  .describe(ownText);

export function toPrometheus(text: z.output<typeof prometheus>, from: From): PrometheusSpec {
  if (typeof text === 'string') return { url: text, headers: {}, match: {} };
  return {
    url: text.url,
    headers: text.headers ?? {},
    ...(text.bearerTokenFile === undefined ? {} : { bearerTokenFile: from(text.bearerTokenFile) }),
    ...(text.tls === undefined ? {} : { tls: toTls(text.tls, from) }),
    match: text.match ?? {},
  };
}

type Placed = z.output<typeof placedPrometheus> | undefined;

/** `home`: the namespace of a Service for which none is written. */
export function toPlacedPrometheus(
  text: Placed,
  { home, from }: { home: string; from: From },
): { prometheus?: PrometheusSpec; ownPrometheus?: true } {
  if (text === undefined) return {};
  if (text === own) return { ownPrometheus: true };
  return { prometheus: toGiven(text, { home, from }) };
}

function toGiven(text: NonNullable<Placed>, { home, from }: { home: string; from: From }): PrometheusSpec {
  const given =
    typeof text !== 'string'
      ? text
      : text.startsWith('service/')
        ? { service: text.slice('service/'.length) }
        : { url: text };
  const { service: name, namespace = home, port, url: address, ...rest } = given;
  if (name === undefined) return toPrometheus({ url: address ?? '', ...rest }, from);
  const scheme = rest.tls === undefined ? 'http' : 'https';
  return {
    ...toPrometheus({ url: `${scheme}://${name}.${namespace}.svc:${port ?? 9090}`, ...rest }, from),
    service: { namespace, name, ...(port === undefined ? {} : { port }) },
  };
}
