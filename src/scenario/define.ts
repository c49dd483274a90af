import type {
  ConstantArrivalRateScenario,
  RampingArrivalRateScenario,
  SharedIterationsScenario,
  Stage,
  Threshold,
} from 'k6/options';
import type { Protocol, Signal } from '../base/signal.ts';
import type { SelectorSpec, ShapeSpec } from './types.ts';

/** What k6 has and an open-loop load without a script has not; writing one of them is a type error. */
type K6Only = 'preAllocatedVUs' | 'maxVUs' | 'exec' | 'gracefulStop' | 'vus' | 'env' | 'options';

/** The fields that squall adds to a k6 executor. Durations are texts such as 500ms, 30s or 1m30s. */
export interface LoadFields {
  signal: Signal;
  protocol?: Protocol;
  /** Items in one export request. */
  batch?: number;
  compression?: 'none' | 'gzip';
  shape?: Partial<Omit<ShapeSpec, 'itemBytes'>> & { itemBytes?: number | string };
  arrivals?: 'even' | 'poisson';
  timeout?: string;
  maxInFlight?: number;
  connections?: number;
  workers?: number;
  retry?: 'none' | { initial?: string; max?: string; maxElapsed?: string };
  lateAfter?: string;
  resource?: Record<string, string>;
}

/** One load entry: a k6 executor with its own field names, and squall's fields. */
export type LoadInput = LoadFields &
  (
    | Omit<ConstantArrivalRateScenario, K6Only>
    | (Omit<RampingArrivalRateScenario, K6Only | 'stages'> & { stages: (Stage & { name?: string })[] })
    | Omit<SharedIterationsScenario, K6Only>
  );

export interface TlsInput {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  serverName?: string;
  insecureSkipVerify?: boolean;
}

export interface OtlpInput {
  grpc?: string;
  http?: string;
  headers?: Record<string, string>;
  bearerTokenFile?: string;
  tls?: TlsInput;
}

export type SinkInput = 'none' | { grpc?: string; http?: string; advertise?: string; tls?: TlsInput };

export type PrometheusInput =
  | string
  | {
      url: string;
      headers?: Record<string, string>;
      bearerTokenFile?: string;
      tls?: TlsInput;
      match?: Record<string, string>;
    };

/** By address, `service/NAME`, with what it takes to reach it, or `own`: squall starts one. */
export type PlacedPrometheusInput =
  | PrometheusInput
  | (Omit<Exclude<PrometheusInput, string>, 'url'> & { service: string; namespace?: string; port?: number });

export interface MemberInput {
  config?: string;
  binary?: string;
  replicas?: number;
  resources?: { cpu?: string | number; memory?: string | number };
  sendsTo?: string;
  storage?: string | number;
  restart?: 'always' | 'never';
  env?: Record<string, string>;
}

/** Exactly one kind. */
export interface TargetInput {
  local?: {
    members: Record<string, MemberInput>;
    collector?: string;
    sink?: SinkInput;
    prometheus?: PrometheusInput;
  };
  docker?: {
    members: Record<string, Omit<MemberInput, 'binary'> & { image?: string }>;
    image?: string;
    prometheusImage?: string;
    sink?: SinkInput;
    prometheus?: PrometheusInput;
  };
  kind?: {
    members: Record<string, Omit<MemberInput, 'binary' | 'storage' | 'restart'> & { image?: string }>;
    image?: string;
    nodeImage?: string;
    cluster?: string;
    sink?: SinkInput;
    prometheus?: 'own' | PrometheusInput;
    rules?: string;
  };
  kubernetes?: {
    context: string;
    kubeconfig?: string;
    namespaces: string[];
    members: Record<
      string,
      {
        workload: `${'deployment' | 'statefulset' | 'daemonset'}/${string}`;
        namespace?: string;
        otlp?: `service/${string}` | OtlpInput;
        config?: string;
        sendsTo?: string;
      }
    >;
    blastRadius?: string | number;
    agent?: 'none' | 'deploy';
    settle?: string;
    sink: 'none' | (Exclude<SinkInput, 'none'> & { in?: 'runner' | 'cluster'; service?: string });
    load?: { in?: 'runner' | 'cluster'; pods?: number; cpu?: string | number };
    image?: string;
    imagePullSecrets?: string[];
    prometheus?: PlacedPrometheusInput;
    rules?: string;
  };
  external?: { otlp: OtlpInput; settle?: string; sink: SinkInput; prometheus?: PrometheusInput };
  embedded?: { sink?: SinkInput; prometheus?: PrometheusInput };
}

/** Further fields are the kind's own: `squall explain fault KIND`. */
export interface FaultInput {
  name?: string;
  kind: string;
  /** Left out where the steps of a drill say when. */
  at?: string;
  duration?: string;
  selector?: Partial<SelectorSpec>;
  [parameter: string]: unknown;
}

export type SloInput = { name?: string; window?: string; thresholds: Threshold[] } & (
  | { measure: string }
  | { promql: string; unit: string }
);

export interface ScenarioInput {
  apiVersion: 'squall/v1';
  name: string;
  description?: string;
  /** Left out where `--target FILE` gives it. */
  target?: TargetInput;
  warmup?: string;
  load: Record<string, LoadInput>;
  faults?: FaultInput[];
  slos?: SloInput[];
  settle?: string;
  expect?: { delivered: Partial<Record<Signal, { ratio: number | string; within: number | string }>> };
  limits?: { itemsPerS: number; items: number };
  /** What `squall capacity` searches. */
  capacity?: {
    vary: string;
    rate: { min: number; max: number };
    width?: string | number;
    budget?: string;
    trial?: string;
    peak?: number;
    safetyFactor?: number;
    tolerateLoss?: number;
    minReplicas?: number;
    hpa?: { min: number; max: number; cpu: number | string };
    day?: { low?: number; curve?: string };
    replicas?: number[];
    underFault?: (string | { fault: string; replicas: number })[];
    claim?: number;
    factors?: Record<string, [string | number | boolean, string | number | boolean]>;
    prices?: { cpuHour: number; gibHour: number; date: string };
  };
  /** What `squall gameday` follows. */
  drill?: (
    | { suspend: string; deadline: string; runbook?: string }
    | { fault: string }
    | { expect: { alert: string; firesWithin: string; resolvesWithin?: string } }
  )[];
}

/** A scenario as a module: `export default defineScenario({...})`. Gives its argument back; checked when it is read. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}
