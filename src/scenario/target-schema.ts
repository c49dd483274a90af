import { resolve } from 'node:path';
import { z } from 'zod';
import { bytesField, cpuField, durationField } from '../base/fields.ts';
import type {
  CommonTargetSpec,
  LocalMemberSpec,
  OtlpSpec,
  PrometheusSpec,
  SinkSpec,
  TargetSpec,
  TlsSpec,
} from './types.ts';

export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const path = z.string().min(1);
const texts = z.record(z.string(), z.string());

/** HOST:PORT, or a URL; the scheme decides about TLS. */
const endpoint = z
  .string()
  .refine(isEndpoint, { error: 'expected HOST:PORT, http://HOST:PORT or https://HOST:PORT' })
  .describe('HOST:PORT is plaintext, https:// is TLS');

const listen = z
  .string()
  .refine((text) => splitHostPort(text) !== undefined, { error: 'expected HOST:PORT; port 0 picks one' });

const tls = z.strictObject({
  caFile: path.optional(),
  certFile: path.optional(),
  keyFile: path.optional(),
  serverName: z.string().min(1).optional(),
  insecureSkipVerify: z.boolean().optional(),
});

const otlp = z.strictObject({
  grpc: endpoint.optional(),
  http: endpoint.optional(),
  headers: texts.optional(),
  bearerTokenFile: path.optional(),
  tls: tls.optional(),
});

const sink = z.union([
  z.literal('none', { error: 'expected none' }),
  z.strictObject({
    grpc: listen.optional(),
    http: listen.optional(),
    advertise: z.string().min(1).optional(),
    tls: tls.optional(),
  }),
]);

const url = z.string().refine(isHttpUrl, { error: 'expected a URL such as http://127.0.0.1:9090' });

const prometheus = z.union([
  url,
  z.strictObject({
    url,
    headers: texts.optional(),
    bearerTokenFile: path.optional(),
    tls: tls.optional(),
    match: texts.optional().describe('labels put into every selector of every query'),
  }),
]);

const common = { sink: sink.optional(), prometheus: prometheus.optional() };

const member = z
  .strictObject({
    config: path.optional().describe('an ordinary collector configuration; default: a stock gateway'),
    binary: path.optional(),
    replicas: z.int().min(1).max(64).optional(),
    resources: z.strictObject({ cpu: cpuField().optional(), memory: bytesField().optional() }).optional(),
    sendsTo: z.string().min(1).optional().describe('name of a member; default: the sink'),
    storage: bytesField().optional().describe('size of a bounded volume under SQUALL_DATA'),
    restart: z.enum(['always', 'never']).optional().describe('default always'),
    env: texts.optional(),
  })
  .nullable();

/** Exactly one of the three; a check says so in better words than a union could. */
export const targetSchema = z.strictObject({
  local: z
    .strictObject({
      members: z.record(z.string().regex(namePattern), member),
      collector: path.optional().describe('the collector program of members without a binary'),
      ...common,
    })
    .optional()
    .describe('child processes of squall on this machine'),
  external: z
    .strictObject({ otlp, settle: durationField().optional(), ...common, sink })
    .optional()
    .describe('a pipeline that is already there; squall starts nothing'),
  embedded: z
    .strictObject(common)
    .nullable()
    .optional()
    .describe('a small reference collector inside squall, for tests and a first look'),
});

export const targetKinds = ['local', 'external', 'embedded'] as const;
export type TargetText = z.output<typeof targetSchema>;

/** The target of a block that names exactly one kind. */
export function toTargetSpec(text: TargetText, baseDir: string): TargetSpec | undefined {
  const from = (file: string) => resolve(baseDir, file);
  if (text.local !== undefined) {
    const { members, collector } = text.local;
    return {
      kind: 'local',
      members: Object.fromEntries(
        Object.entries(members).map(([name, one]) => [name, toMember(one ?? {}, from)]),
      ),
      ...(collector === undefined ? {} : { collector: program(collector, from) }),
      ...toCommon(text.local, from),
    };
  }
  if (text.external !== undefined) {
    const { settle } = text.external;
    return {
      kind: 'external',
      otlp: toOtlp(text.external.otlp, from),
      ...(settle === undefined ? {} : { settleMs: settle }),
      ...toCommon(text.external, from),
    };
  }
  return text.embedded === undefined
    ? undefined
    : { kind: 'embedded', ...toCommon(text.embedded ?? {}, from) };
}

type From = (file: string) => string;
type CommonText = {
  sink?: z.output<typeof sink> | undefined;
  prometheus?: z.output<typeof prometheus> | undefined;
};

function toCommon(text: CommonText, from: From): CommonTargetSpec {
  return {
    sink: toSink(text.sink ?? {}, from),
    ...(text.prometheus === undefined ? {} : { prometheus: toPrometheus(text.prometheus, from) }),
  };
}

function toMember(text: NonNullable<z.output<typeof member>>, from: From): LocalMemberSpec {
  const { cpu, memory } = text.resources ?? {};
  return {
    ...(text.config === undefined ? {} : { config: from(text.config) }),
    ...(text.binary === undefined ? {} : { binary: program(text.binary, from) }),
    replicas: text.replicas ?? 1,
    ...(text.resources === undefined
      ? {}
      : {
          resources: {
            ...(cpu === undefined ? {} : { cpuMillis: cpu }),
            ...(memory === undefined ? {} : { memoryBytes: memory }),
          },
        }),
    ...(text.sendsTo === undefined ? {} : { sendsTo: text.sendsTo }),
    ...(text.storage === undefined ? {} : { storageBytes: text.storage }),
    restart: text.restart ?? 'always',
    env: text.env ?? {},
  };
}

function toOtlp(text: z.output<typeof otlp>, from: From): OtlpSpec {
  return {
    ...(text.grpc === undefined ? {} : { grpc: text.grpc }),
    ...(text.http === undefined ? {} : { http: text.http }),
    headers: text.headers ?? {},
    ...(text.bearerTokenFile === undefined ? {} : { bearerTokenFile: from(text.bearerTokenFile) }),
    ...(text.tls === undefined ? {} : { tls: toTls(text.tls, from) }),
  };
}

function toSink(text: z.output<typeof sink>, from: From): SinkSpec | 'none' {
  if (text === 'none') return 'none';
  return {
    grpc: text.grpc ?? '127.0.0.1:0',
    http: text.http ?? '127.0.0.1:0',
    ...(text.advertise === undefined ? {} : { advertise: text.advertise }),
    ...(text.tls === undefined ? {} : { tls: toTls(text.tls, from) }),
  };
}

function toPrometheus(text: z.output<typeof prometheus>, from: From): PrometheusSpec {
  if (typeof text === 'string') return { url: text, headers: {}, match: {} };
  return {
    url: text.url,
    headers: text.headers ?? {},
    ...(text.bearerTokenFile === undefined ? {} : { bearerTokenFile: from(text.bearerTokenFile) }),
    ...(text.tls === undefined ? {} : { tls: toTls(text.tls, from) }),
    match: text.match ?? {},
  };
}

function toTls(text: z.output<typeof tls>, from: From): TlsSpec {
  return {
    ...(text.caFile === undefined ? {} : { caFile: from(text.caFile) }),
    ...(text.certFile === undefined ? {} : { certFile: from(text.certFile) }),
    ...(text.keyFile === undefined ? {} : { keyFile: from(text.keyFile) }),
    ...(text.serverName === undefined ? {} : { serverName: text.serverName }),
    insecureSkipVerify: text.insecureSkipVerify ?? false,
  };
}

/** A name without a slash is looked for in PATH later. */
function program(text: string, from: From): string {
  return text.includes('/') ? from(text) : text;
}

function isEndpoint(text: string): boolean {
  return /^https?:\/\//.test(text) ? isHttpUrl(text) : splitHostPort(text) !== undefined;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** The host and port of an endpoint; brackets around an IPv6 address are taken off. */
export function splitHostPort(text: string): { host: string; port: number } | undefined {
  if (/^https?:\/\//.test(text)) {
    if (!URL.canParse(text)) return undefined;
    const parsed = new URL(text);
    const port = parsed.port === '' ? (parsed.protocol === 'https:' ? 443 : 80) : Number(parsed.port);
    return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port };
  }
  const found = /^(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):(\d{1,5})$/.exec(text);
  if (found?.[1] === undefined || Number(found[2]) > 65535) return undefined;
  return { host: found[1].replace(/^\[|\]$/g, ''), port: Number(found[2]) };
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
  );
}
