import type { KubernetesMemberSpec } from './types.ts';

/** Collectors that run in a cluster already. */
export interface KubernetesTarget {
  kind: 'kubernetes';
  /** Always written: the current one of a kubeconfig changes under one's feet. */
  context: string;
  /** Absolute; undefined: as kubectl finds it. */
  kubeconfig?: string;
  /** Where it may act; the run's own record stands in the first. */
  namespaces: string[];
  members: Record<string, KubernetesMemberSpec>;
  /** What the collectors export to besides the sink. */
  backends?: Record<string, BackendSpec>;
  settleMs?: number;
  /** Share of a workload's pods that faults may take at once, 0..1; undefined: a half. */
  blastRadius?: number;
  /** deploy: squall may put its agents on the nodes. */
  agent?: 'none' | 'deploy';
  /** Of squall's own pods; undefined: that of this version. */
  image?: string;
  imagePullSecrets?: string[];
  /** squall starts a Prometheus on this machine, which asks the pods through the API server. */
  ownPrometheus?: true;
  rules?: string;
  /** Undefined: the load is sent from this machine. */
  load?: { pods: number; cpuMillis: number };
}

/** A real backend: no collector, so that nothing is asked of it that only collectors have. */
export interface BackendSpec {
  namespace: string;
  workload: { kind: 'deployment' | 'statefulset'; name: string };
  /** By which the collectors reach it: what backend-outage points at nothing with action selector. */
  service?: string;
  /** The collectors' exporter that leads to it, such as otlp_grpc/jaeger: whether it still sends is the outage's proof. */
  exporter?: string;
  /** The query API that is asked after the run which of its spans are there, at this port of its pods. */
  witness?: { api: 'jaeger'; port: number };
}
