import type { SquallError } from '../base/errors.ts';
import type { OtlpSpec } from '../scenario/types.ts';
import type { BackendPower } from './backend-power.ts';
import type { ClusterPlace } from './cluster-place.ts';
import type { NodePower, RolloutPower } from './cluster-powers.ts';
import type { MadeRef, ObjectRestore } from './kubernetes-change.ts';
import type { ClusterRef } from './kubernetes-client.ts';
import type { FieldValue } from './kubernetes-object.ts';
import type { LimitPower } from './limit-power.ts';
import type { PodPlace } from './pod-place.ts';

/** One process, container or pod of the system under test. */
export interface Member {
  /** collector-0 */
  name: string;
  /** The scenario's member name. */
  group: string;
  /** Where it listens for OTLP; undefined when nothing sends to it directly. */
  otlp: OtlpSpec;
  metricsUrl?: string;
  version: string;
  /** What it may use, where the system that runs it says so. */
  resources?: { cpuMillis?: number; memoryBytes?: number };
  /** Components of its pipelines that sample, filter, aggregate or deduplicate on purpose. */
  lossyComponents?: string[];
  /** Powers: a fault kind asks for those it needs; an absent one is not supported on this target. */
  process?: ProcessPower;
  reconfigure?: ReconfigurePower;
  storage?: StoragePower;
  link?: LinkPower;
  /** Its links, acted on by an object in a cluster that others follow. */
  links?: Partial<Record<'policy' | 'chaos-mesh', LinkPower>>;
  /** What it runs in, where that is a container. */
  container?: ContainerRef;
  limits?: LimitPower;
  pod?: PodPower;
  workload?: WorkloadPower;
  node?: NodePower;
  backend?: BackendPower;
  /** Its own metrics page, where no URL leads there from this machine. Rejects when it does not answer. */
  readMetrics?(): Promise<string>;
}

/** A member that is a pod of a workload, which makes another in its place. */
export interface PodPower {
  /** NAMESPACE/NAME */
  id: string;
  /** The node it is on, and its container that serves; of pods that run both are known. */
  place?: PodPlace;
  object: ObjectPower;
  /** Why the API server would refuse end() now, or undefined. Changes nothing. */
  refusal(how: PodEnd): Promise<string | undefined>;
  /** Resolves when the API server took it; exactly this pod, not another of its name. Rejects when it refuses. */
  end(how: PodEnd): Promise<void>;
  /** `replacedBy`: a pod that was not there at end() is ready, and as many are ready as then. */
  look(): Promise<{ state: 'there' | 'ending' | 'gone'; replacedBy?: string }>;
}

/** An object of a cluster that a fault changes in place; until it is put back it carries a label of the run. */
export interface ObjectPower {
  /** deployment/gateway */
  id: string;
  /** The value at a JSON pointer; undefined where there is none. Rejects when the object is gone. */
  read(path: string): Promise<unknown>;
  /** Why these values would be refused now, or undefined: a dry run, which changes nothing. */
  refusal(fields: FieldValue[]): Promise<string | undefined>;
  /** What puts those places back as they are now. */
  undo(fields: FieldValue[]): Promise<ObjectRestore & { cluster: ClusterRef }>;
  /** Writes its undo into the record in the cluster, then changes it. Rejects when either is refused. */
  change(fault: string, fields: FieldValue[]): Promise<void>;
}

/** A member's workload as a whole: what it says, its controller carries over to its pods. */
export interface WorkloadPower {
  kind: 'deployment' | 'statefulset' | 'daemonset';
  object: ObjectPower;
  /** In the pod template: with it every pod is replaced, by the workload's own strategy. */
  mark: FieldValue;
  /** The ConfigMap with the collector's configuration and the place in it; undefined: it names none. */
  config(): Promise<{ object: ObjectPower; path: string } | undefined>;
  rollout?: RolloutPower;
  /** Its pods: all that run, also those on their way out; those that serve; those that carry the mark. */
  look(): Promise<{ running: number; serving: number; marked: number }>;
}

export interface PodEnd {
  /** Name of the fault, for the record in the cluster. */
  fault: string;
  /** evict asks the disruption budgets. */
  method: 'delete' | 'evict';
  /** From TERM to KILL; undefined: the pod's own. 0 removes the object at once. */
  gracePeriodS?: number;
}

/** One start of a member's process: two starts of a run never share an identity. */
export interface ProcessIdentity {
  /** As people read it: `process 4711`, `container 0a1b2c3d4e5f, start 2`. */
  id: string;
  /** Where /proc of this machine shows it; `startTicks` tells a reused pid apart. */
  host?: { pid: number; startTicks: number };
}

/** A member that is a process, of this machine or in a container. */
export interface ProcessPower {
  /** The running one; undefined between an exit and the restart. */
  current(): ProcessIdentity | undefined;
  /** Resolves when the signal was sent; a process that is gone is not an error. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Resolves when the health endpoint answers 200, with the monotonic ns; undefined after timeoutMs. */
  ready(timeoutMs: number): Promise<number | undefined>;
  starts(): readonly ProcessStart[];
  /** Stops the restart policy from starting it again (pod-failure), or lets it. */
  setRestart(policy: 'always' | 'never'): void;
  /** Absent: it is always started again. */
  restarts?(): 'always' | 'never';
  /** Why it is not the process that was started first, in its log's words; undefined if that lived for `timeoutMs`. */
  whyEnded?(timeoutMs: number): Promise<SquallError | undefined>;
  /** Where the target itself can hold it still; elsewhere a fault stops the process by a signal. */
  pause?: PausePower;
}

export interface ProcessStart extends ProcessIdentity {
  startedNs: number;
  exit?: { atNs: number; code: number | null; signal: NodeJS.Signals | null };
}

/** A container as a guard finds it again: the daemon's address (unix:///... or tcp://...) and the full id. */
export interface ContainerRef {
  daemon: string;
  container: string;
}

/** An attachment of a container to a network, with all that is needed to make it again. */
export interface ContainerEndpoint extends ContainerRef {
  network: string;
  address: string;
  aliases: string[];
}

export interface PausePower {
  /** Holds every process of it, or lets them go on; idempotent. `holdMs`: then what holds them lets go by itself. */
  set(paused: boolean, holdMs?: number): Promise<void>;
  paused(): Promise<boolean>;
  /** The order by which an agent will do the next set(true). */
  order?(): OrderRef;
}

/** An order to the agents of a run, as a guard finds it again. */
export interface OrderRef {
  cluster: ClusterRef;
  namespace: string;
  order: string;
}

export interface ReconfigurePower {
  /** Path on this machine. */
  configFile: string;
  /** Where a file that the configuration names lies on this machine, if that is another path. */
  onHost?(path: string): string;
  /** Writes the text and makes the member take it up (SIGHUP). */
  apply(configText: string): Promise<void>;
}

export interface StoragePower {
  dir: string;
  /** Whether the folder is a volume of its own, so that filling it fills nothing else. */
  bounded: boolean;
}

/** Links of this member that pass through squall's proxy. */
export interface LinkPower {
  /** Peers it has a link to or from: load, sink, or a member's name. */
  peers(): string[];
  /** `holdMs`: then what holds the effect ends it by itself, where it outlives this process. */
  set(peer: string, effect: LinkEffect | undefined, holdMs?: number): Promise<void>;
  /** Bytes held back, dropped or delayed and connections cut by the present effect: proof that it bites. */
  proof(peer: string): Promise<LinkProof>;
  /** What is to be put back when this process is gone; empty: the effect ends with it. */
  outlives?(peer: string, effect: LinkEffect): ContainerEndpoint[];
  /** The order by which an agent will do the next set(). */
  order?(peer: string): OrderRef;
  /** What the next prepare() and set() will make and change in a cluster. */
  plan?(peer: string): Promise<{ made: MadeRef; restore?: ObjectRestore & { cluster: ClusterRef } }>;
  /** What must be there before set() and does nothing by itself yet. */
  prepare?(peer: string, effect: LinkEffect, holdMs: number): Promise<void>;
  /** Why the effect cannot be had on this link now, or undefined. Changes nothing. */
  refusal?(peer: string, effect: LinkEffect): Promise<string | undefined>;
}

export interface LinkProof {
  affectedBytes: number;
  affectedConnections: number;
  /** Whether it bites, where counts do not tell. */
  struck?: boolean;
  /** Says more than the counts, where they say little; of an effect that is not seen, why. */
  sentence?: string;
}

export type LinkEffect =
  | { kind: 'partition'; direction: 'to' | 'from' | 'both' }
  | { kind: 'delay'; latencyMs: number; jitterMs: number; direction: 'to' | 'from' | 'both' }
  | { kind: 'bandwidth'; bytesPerS: number; direction: 'to' | 'from' | 'both' }
  | { kind: 'loss'; ratio: number; direction: 'to' | 'from' | 'both' }
  | { kind: 'reset' };

/** A running target. */
export interface Target {
  kind: string;
  /** What the report must say about it, such as the embedded banner. */
  banner?: string;
  members: Member[];
  /** Workloads whose pods are the members, one each, for faults that strike a workload as a whole. */
  workloads?: Member[];
  /** Nodes that carry members at this moment, once for each group there, for faults that strike a node. */
  nodes?(): Promise<Member[]>;
  /** What the members export to besides the sink. */
  backends?: Member[];
  /** Members that the load connects to. */
  entry: Member[];
  /** Longest residence of an item and the settle horizon, from the members' configurations. */
  reach: { ns: number; parts: string[] };
  settleNs: number;
  /** Longer than items can wait where no queue metric shows them (batch timeouts), ns. */
  quietNs?: number;
  /** Settings that this machine could not honour, such as CPU limits without cgroups. */
  notes: { code: string; sentence: string; severity: 'fail' | 'warn' | 'info'; next: string }[];
  /** Where in a cluster squall may put pods of its own. */
  place?: ClusterPlace;
  down(): Promise<void>;
}
