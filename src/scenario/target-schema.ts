import { z } from 'zod';
import { bytesField, cpuField, durationField, ratioField } from '../base/fields.ts';
import { isHttpUrl, path, texts, tls } from './access-schema.ts';
import { images } from './images.ts';
import { backendSchema, dnsLabel, dnsName, servicePattern } from './kubernetes-schema.ts';
import { madePrometheus, placedPrometheus, prometheus } from './prometheus-schema.ts';

export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** HOST:PORT, or a URL; the scheme decides about TLS. */
const endpoint = z
  .string()
  .refine(isEndpoint, { error: 'expected HOST:PORT, http://HOST:PORT or https://HOST:PORT' })
  .describe('HOST:PORT is plaintext, https:// is TLS');

const listen = z
  .string()
  .refine((text) => splitHostPort(text) !== undefined, { error: 'expected HOST:PORT; port 0 picks one' });

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

const rules = path
  .optional()
  .describe('rule file for the Prometheus that squall starts: its alerts are timed');

const common = { sink: sink.optional(), prometheus: prometheus.optional() };

const collector = {
  config: path.optional().describe('an ordinary collector configuration; default: a stock gateway'),
  replicas: z.int().min(1).max(64).optional(),
  resources: z.strictObject({ cpu: cpuField().optional(), memory: bytesField().optional() }).optional(),
  sendsTo: z.string().min(1).optional().describe('name of a member; default: the sink'),
  storage: bytesField().optional().describe('size of a bounded volume under SQUALL_DATA'),
  restart: z.enum(['always', 'never']).optional().describe('default always'),
  env: texts.optional(),
};
const member = z.strictObject({ ...collector, binary: path.optional() }).nullable();

/** As Docker reads a reference; checked by the daemon. */
const image = z.string().regex(/^[a-zA-Z0-9][\w.:/@-]*$/, {
  error: 'expected an image such as otel/opentelemetry-collector:0.161.0',
});
const container = z
  .strictObject({ ...collector, image: image.optional().describe('its entrypoint is a collector') })
  .nullable();

const { storage: _volume, restart: _policy, ...podFields } = collector;
const pods = z
  .strictObject({ ...podFields, image: image.optional().describe('its entrypoint is a collector') })
  .nullable();

const workload = z.strictObject({
  workload: z
    .string()
    .regex(/^(deployment|statefulset|daemonset)\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, {
      error: 'expected deployment/NAME, statefulset/NAME or daemonset/NAME',
    })
    .describe('what makes its pods; each pod is a member'),
  namespace: dnsName.optional().describe('default: the first of namespaces'),
  otlp: z
    .union([z.string().regex(servicePattern, { error: 'expected service/NAME' }), otlp])
    .optional()
    .describe('where the load is sent: a Service that this machine reaches, or an address'),
  config: path.optional().describe('what it runs, for predictions; a run reads its ConfigMap'),
  sendsTo: z.string().min(1).optional().describe('name of a member; default: the sink'),
});

/** In a cluster's scenario: of this machine, or a pod. */
const placedSink = z.union([
  z.literal('none', { error: 'expected none' }),
  z.strictObject({
    in: z
      .enum(['runner', 'cluster'], { error: 'expected runner or cluster' })
      .optional()
      .describe('cluster: a pod in the first of namespaces; default runner, the machine that runs squall'),
    service: dnsLabel.optional().describe('in: cluster: the Service that leads to it; default squall-sink'),
    grpc: listen.optional().describe('an address that pods reach, such as 0.0.0.0:24317'),
    http: listen.optional(),
    advertise: z.string().min(1).optional().describe('host by which pods reach it'),
    tls: tls.optional(),
  }),
]);

const placedLoad = z.strictObject({
  in: z
    .enum(['runner', 'cluster'], { error: 'expected runner or cluster' })
    .optional()
    .describe('cluster: pods of a Job; default runner, the machine that runs squall'),
  pods: z.int().min(1).max(64).optional().describe('in: cluster: how many; default 1'),
  cpu: cpuField().optional().describe('in: cluster: what each pod asks of its node; default 250m'),
});

/** Exactly one of them; a check says so in better words than a union could. */
export const targetSchema = z.strictObject({
  local: z
    .strictObject({
      members: z.record(z.string().regex(namePattern), member),
      collector: path.optional().describe('the collector program of members without a binary'),
      rules,
      ...common,
    })
    .optional()
    .describe('child processes of squall on this machine'),
  docker: z
    .strictObject({
      members: z.record(z.string().regex(namePattern), container),
      image: image.optional().describe(`of members without one; default ${images.collector}`),
      prometheusImage: image.optional().describe(`default ${images.prometheus}`),
      rules,
      ...common,
    })
    .optional()
    .describe('containers of a Docker daemon on this machine'),
  kind: z
    .strictObject({
      members: z.record(dnsLabel, pods),
      image: image.optional().describe(`of members without one; default ${images.collector}`),
      nodeImage: image.optional().describe('of the nodes; default: the one of the installed kind'),
      cluster: path.optional().describe('a configuration of kind itself'),
      ...common,
      prometheus: madePrometheus.optional(),
      rules,
    })
    .optional()
    .describe('a cluster that `kind` on PATH makes for the run and that is deleted after it'),
  kubernetes: z
    .strictObject({
      context: z.string().min(1).describe('of the kubeconfig; the current one is never taken'),
      kubeconfig: path.optional().describe('default: KUBECONFIG, then ~/.kube/config'),
      namespaces: z.array(dnsName).min(1).describe('where squall may act; labelled squall.dev/chaos=allowed'),
      members: z.record(z.string().regex(namePattern), workload),
      backends: z
        .record(z.string().regex(namePattern), backendSchema)
        .optional()
        .describe('what the collectors export to besides the sink, for backend-outage and as witnesses'),
      agent: z
        .enum(['none', 'deploy'], { error: 'expected none or deploy' })
        .optional()
        .describe(
          'deploy: privileged pods on every node for the run, for faults that need them; default none',
        ),
      blastRadius: ratioField()
        .optional()
        .describe("share of a workload's pods that faults may take at once, one in any case; default 50%"),
      settle: durationField().optional(),
      sink: placedSink,
      load: placedLoad.optional(),
      image: image.optional().describe(`of squall's own pods; default ${images.squall}`),
      imagePullSecrets: z
        .array(dnsName)
        .optional()
        .describe('Secrets of the first namespace that the nodes pull it with; agents get copies'),
      prometheus: placedPrometheus.optional(),
      rules,
    })
    .optional()
    .describe('collectors that run in a cluster already; squall starts none of them'),
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

export const targetKinds = ['local', 'docker', 'kind', 'kubernetes', 'external', 'embedded'] as const;
export type TargetText = z.output<typeof targetSchema>;

function isEndpoint(text: string): boolean {
  return /^https?:\/\//.test(text) ? isHttpUrl(text) : splitHostPort(text) !== undefined;
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

/** Whether an endpoint is on this machine. */
export function isLocal(endpoint: string): boolean {
  const parts = splitHostPort(endpoint);
  return parts !== undefined && isLoopback(parts.host);
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
  );
}
