import type { Agent } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { FaultEngine } from '../fault/engine.ts';
import type { Guard } from '../fault/guard.ts';
import type { Journal } from '../fault/journal.ts';
import type { LoadRun } from '../load/engine.ts';
import type { ClientMetrics } from '../observe/client-metrics.ts';
import type { ClusterWatch } from '../observe/cluster-watch.ts';
import type { CanaryRecord, OtherWorkSample, ProcessSample, RunRecord } from '../observe/evidence.ts';
import type { Sink } from '../observe/sink.ts';
import type { Plan } from '../plan/types.ts';
import type { PrometheusSpec, Scenario } from '../scenario/types.ts';
import type { DockerSite } from '../target/docker-site.ts';
import type { KindCluster } from '../target/kind-cluster.ts';
import type { Target } from '../target/target.ts';
import type { DrillRun, People } from './drill-types.ts';
import type { watchLoss } from './live-counts.ts';
import type { PodUsage } from './pod-usage.ts';

/** Everything one run has brought up so far. Filled by bring-up.ts in order; read by drive.ts and finish.ts. */
export interface Session {
  scenario: Scenario;
  plan: Plan;
  clock: Clock;
  /** Absolute; evidence lies in dir/evidence. */
  dir: string;
  evidenceDir: string;
  command: string;
  signal: AbortSignal;
  secrets: readonly string[];
  /** Keep raw request bodies at the sink, for an independent count. */
  capture: boolean;
  tools: { otelcol?: string; prometheus?: string };
  say(line: string): void;
  versions: Record<string, string>;
  notes: RunRecord['notes'];
  canaries: CanaryRecord[];
  processes: ProcessSample[];
  otherWork: OtherWorkSample[];
  /** Networks of a docker target. */
  site?: DockerSite;
  /** The cluster of a kind target. */
  kind?: KindCluster;
  /** What happens in the target's cluster. */
  clusterWatch?: ClusterWatch;
  /** What the members' pods use. */
  podUsage?: PodUsage;
  journal?: Journal;
  guard?: Guard;
  /** The guard has read back that nothing of the run is left. */
  shownClean?: boolean;
  sink?: Sink;
  target?: Target;
  load?: LoadRun;
  faults?: FaultEngine;
  metrics?: ClientMetrics;
  prometheus?: PrometheusSpec;
  /** Where the address of Prometheus does not lead there from this machine. */
  prometheusAgent?: Agent;
  /** Of a game day. */
  people?: People;
  drill?: DrillRun;
  /** Set when the load timeline starts. */
  t0Ns?: number;
  t0WallMs?: number;
  /** Made at the first look at what is missing. */
  lossWatch?: ReturnType<typeof watchLoss>;
}

/** The part that must be there by now; a missing one is a defect of the order of tasks. */
export function need<K extends keyof Session>(session: Session, key: K): NonNullable<Session[K]> {
  const value = session[key];
  if (value === undefined || value === null) throw new Error(`${key} is used before it is brought up`);
  return value as NonNullable<Session[K]>;
}
