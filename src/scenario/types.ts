import type { Protocol, Signal } from '../base/signal.ts';
import type { ClientTls } from '../base/tls-options.ts';
import type { CapacitySpec } from './capacity-spec.ts';
import type { CompareSpec } from './compare-spec.ts';
import type { DrillStep } from './drill-spec.ts';
import type { KindTarget } from './kind-spec.ts';
import type { BackendSpec, KubernetesTarget } from './kubernetes-spec.ts';

/** A parsed scenario: defaults filled in but for those that the target gives, times in ms, rates exact. */
export interface Scenario {
  apiVersion: 'squall/v1';
  name: string;
  description: string;
  /** Folder of the scenario file; relative paths were already resolved against the file that names them. */
  baseDir: string;
  target: TargetSpec;
  warmupMs: number;
  load: Record<string, LoadSpec>;
  faults: FaultSpec[];
  slos: SloSpec[];
  /** Undefined: derived from the members' retry, timeout and batch settings. */
  settleMs?: number;
  /** For pipelines that sample or filter on purpose. */
  expect?: { delivered: Partial<Record<Signal, { ratio: number; within: number }>> };
  limits?: { itemsPerS: number; items: number };
  /** What `squall capacity` searches and `squall compare` runs in turn; other commands leave them alone. */
  capacity?: CapacitySpec;
  compare?: CompareSpec;
  /** What `squall gameday` follows. */
  drill?: DrillStep[];
}

export type TargetSpec =
  | ({
      kind: 'local';
      members: Record<string, LocalMemberSpec>;
      collector?: string;
      rules?: string;
    } & CommonTargetSpec)
  | ({
      kind: 'docker';
      members: Record<string, DockerMemberSpec>;
      /** Of members without an image of their own. */
      image: string;
      prometheusImage: string;
      rules?: string;
    } & CommonTargetSpec)
  | (KindTarget & CommonTargetSpec)
  | (KubernetesTarget & CommonTargetSpec)
  | ({ kind: 'external'; otlp: OtlpSpec; settleMs?: number } & CommonTargetSpec)
  | ({ kind: 'embedded' } & CommonTargetSpec);

export interface CommonTargetSpec {
  sink: SinkSpec | 'none';
  /** Undefined: what startsPrometheus() says. */
  prometheus?: PrometheusSpec;
}

export interface LocalMemberSpec extends CollectorSpec {
  /** Path or name of the collector binary; undefined: as `squall setup` finds it. */
  binary?: string;
}

export interface DockerMemberSpec extends CollectorSpec {
  image?: string;
}

/** A workload that runs in a cluster already; each of its pods is a member. */
export interface KubernetesMemberSpec {
  namespace: string;
  workload: { kind: 'deployment' | 'statefulset' | 'daemonset'; name: string };
  /** Where the load is sent; undefined: nowhere directly. */
  otlp?: { service: string } | OtlpSpec;
  /** For predictions: a file with what it runs. A run reads the cluster's own. */
  config?: string;
  sendsTo?: string;
}

/** A collector that squall starts, wherever that is. */
export interface CollectorSpec {
  /** Absolute path of a collector configuration; undefined: the stock gateway. */
  config?: string;
  replicas: number;
  resources?: { cpuMillis?: number; memoryBytes?: number };
  /** Name of the member it sends to; undefined: the sink. */
  sendsTo?: string;
  /** Size of a bounded volume under SQUALL_DATA, for disk-fill; undefined: the folder shares the run's disk. */
  storageBytes?: number;
  restart: 'always' | 'never';
  env: Record<string, string>;
}

/** The collectors of this target whose settings are known, by member; empty where none is. */
export function collectorsOf(target: TargetSpec): Record<string, CollectorSpec> {
  if (target.kind === 'external' || target.kind === 'embedded') return {};
  if (target.kind !== 'kubernetes') return target.members;
  const told = Object.entries(target.members).map(([name, { config, sendsTo }]): [string, CollectorSpec] => [
    name,
    {
      replicas: 1,
      restart: 'always',
      env: {},
      ...(config === undefined ? {} : { config }),
      ...(sendsTo === undefined ? {} : { sendsTo }),
    },
  ]);
  return Object.fromEntries(told);
}

/** What the collectors export to besides the sink, by name. */
export function backendsOf(target: TargetSpec): Readonly<Record<string, BackendSpec>> {
  return target.kind === 'kubernetes' ? (target.backends ?? {}) : {};
}

/** Where OTLP goes. A bare HOST:PORT is plaintext, https:// is TLS, HTTP paths are appended. */
export interface OtlpSpec {
  grpc?: string;
  http?: string;
  headers: Record<string, string>;
  bearerTokenFile?: string;
  tls?: TlsSpec;
}

export type TlsSpec = ClientTls;

export interface SinkSpec {
  /** HOST:PORT to listen on; port 0 picks one. */
  grpc: string;
  http: string;
  /** Address under which the pipeline reaches the sink, when it differs. */
  advertise?: string;
  tls?: TlsSpec;
  /** It is a pod behind this Service of the cluster; grpc and http then say nothing. */
  cluster?: { service: string };
}

export interface PrometheusSpec {
  url: string;
  headers: Record<string, string>;
  bearerTokenFile?: string;
  tls?: TlsSpec;
  /** Labels put into every selector of every query. */
  match: Record<string, string>;
  service?: { namespace: string; name: string; port?: number }; // of the target's cluster; url: its name there
}

/** An exact rate: `items` per `perMs` milliseconds, both integers. */
export interface Rate {
  items: number;
  perMs: number;
}

export interface LoadSpec {
  name: string;
  signal: Signal;
  executor: ExecutorSpec;
  startMs: number;
  protocol: Protocol;
  batch: number;
  compression: 'none' | 'gzip';
  shape: ShapeSpec;
  arrivals: 'even' | 'poisson';
  timeoutMs: number;
  maxInFlight: number;
  connections: number;
  /** Load workers; undefined: as many as the plan finds that its rate needs. */
  workers?: number;
  retry: { initialMs: number; maxMs: number; maxElapsedMs: number } | 'none';
  lateAfterMs: number;
  resource: Record<string, string>;
  tags: Record<string, string>;
}

export type ExecutorSpec =
  | { kind: 'constant-arrival-rate'; rate: Rate; durationMs: number }
  | {
      kind: 'ramping-arrival-rate';
      startRate: Rate;
      stages: { name?: string; durationMs: number; rate: Rate }[];
    }
  /** "Send exactly N": as fast as the in-flight bound lets it, at most for maxDurationMs. */
  | { kind: 'shared-iterations'; items: number; maxDurationMs: number };

export interface ShapeSpec {
  /** Encoded size of one span, or bytes of one log body with its attributes; filled up with an attribute. */
  itemBytes: number;
  /** Distinct service.name values. */
  services: number;
  /** Distinct metric series. */
  series: number;
  /** Kinds of metrics, dealt to the series in turn. */
  metricTypes: ('gauge' | 'sum' | 'histogram' | 'exponential-histogram')[];
}

/** One fault of the scenario; `params` is what the fault kind's own schema made of its further fields. */
export interface FaultSpec {
  name: string;
  kind: string;
  /** In a drill: at the latest. */
  atMs: number;
  /** Undefined for a one-shot fault (a kill). */
  durationMs?: number;
  selector: SelectorSpec;
  params: Record<string, unknown>;
  /** The power of a member (or the sink) that its kind uses; two faults must not use one at the same time. */
  acts?:
    | 'process'
    | 'reconfigure'
    | 'storage'
    | 'link'
    | 'limits'
    | 'pod'
    | 'workload'
    | 'node'
    | 'sink'
    | 'backend';
}

export interface SelectorSpec {
  member?: string;
  mode: 'one' | 'all' | 'fixed' | 'fixed-percent' | 'random-max-percent';
  value?: number;
}

export type MeasureTags = { signal?: Signal; load?: string; fault?: string; member?: string };

export interface SloSpec {
  name: string;
  source: { kind: 'measure'; measure: string; tags: MeasureTags } | { kind: 'promql'; query: string };
  unit: string;
  thresholds: ThresholdSpec[];
  window: string;
}

/** k6's threshold: an aggregation, a comparison and a number, in the measure's unit. */
export interface ThresholdSpec {
  /** As written, for reports. */
  text: string;
  aggregation: 'avg' | 'min' | 'max' | 'med' | 'count' | 'rate' | 'value' | { percentile: number };
  operator: '<' | '<=' | '>' | '>=' | '==' | '!=';
  /** In the measure's base unit: ms for durations. */
  limit: number;
  abortOnFail: boolean;
  delayAbortEvalMs: number;
}
