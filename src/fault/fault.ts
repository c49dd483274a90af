import type { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { FaultSpec } from '../scenario/types.ts';
import type { MadeRef, ObjectRestore } from '../target/kubernetes-change.ts';
import type { ClusterRef } from '../target/kubernetes-client.ts';
import type { FaultRights } from '../target/kubernetes-rights.ts';
import type { FileWrite, ResourceLimits } from '../target/limit-power.ts';
import type { ContainerEndpoint, ContainerRef, Member, OrderRef } from '../target/target.ts';

/**
 * A kind of fault. One file per kind; one line in registry.ts. The engine selects members, journals, calls, holds,
 * recovers and verifies; a kind only knows how to act on one member.
 */
export interface Fault<P = unknown> {
  kind: string;
  /** One line for `explain`. */
  summary: string;
  /** Schema of the kind's own scenario fields (those beside name, kind, at, duration, selector). */
  params: z.ZodType<P>;
  /** Whether it has a duration (partition) or happens at an instant (kill). */
  oneShot: boolean;
  /** How long its effect may take to show; default 5 s. */
  effectWithinMs?: number;
  /** How long it may take to be gone after it was undone; default 10 s. */
  absenceWithinMs?: number;
  /** Targets that can do it, and what the member must offer there. */
  needs: {
    targets: string[];
    power?: 'process' | 'reconfigure' | 'storage' | 'link' | 'limits' | 'pod' | 'workload' | 'node' | 'sink';
  };
  /** Where a parameter decides what it acts on; else the power that it needs. */
  actsOn?(params: P): FaultSpec['acts'];
  /** What each way of doing it asks of an account in a cluster; there where `needs.targets` has kubernetes. */
  rights?: readonly FaultRights[];
  /** Why it cannot be done to this member now (a missing right, no bounded volume), or undefined. Changes nothing. */
  precondition(member: Member, params: P): Promise<string | undefined>;
  /** What undoes it, as data that the guard can execute without this code's state. Changes nothing. */
  undo(member: Member, params: P, context: FaultContext): Promise<Undo[]>;
  inject(member: Member, params: P, context: FaultContext): Promise<void>;
  /** What of it takes its time, a step at a time; called before each look at the effect. */
  pursue?(member: Member, params: P, context: FaultContext): Promise<void>;
  /** Proof that it bites, as a sentence; undefined: no effect seen yet (the engine polls). */
  effect(member: Member, params: P, context: FaultContext): Promise<string | undefined>;
  /** Why no effect was seen, as a sentence that says what to do; asked at the end of one that was not. */
  noEffect?(member: Member, params: P, context: FaultContext): Promise<string | undefined>;
  /** Ends the effect beyond what `undo` does, such as waiting for the restarted process. */
  recover(member: Member, params: P, context: FaultContext): Promise<void>;
  /** Proof that it is gone, as a sentence; undefined: still there (the engine polls). */
  absence(member: Member, params: P, context: FaultContext): Promise<string | undefined>;
}

/** One way of doing a fault, where a parameter chooses among several. */
export type Way<P = unknown> = Pick<
  Fault<P>,
  'precondition' | 'undo' | 'inject' | 'effect' | 'noEffect' | 'recover' | 'absence'
>;

export interface FaultContext {
  clock: Clock;
  runId: string;
  fault: string;
  /** From injecting until it must be gone, ms: what holds the fault ends it then by itself. */
  deadlineMs: number;
  /** The sink's reply script, where the run has a sink of squall's. */
  sink?: SinkScript;
  /**
   * Scratch space of one injection: what inject() leaves for effect() and recover(). The engine reads `injectedNs`,
   * `endedNs` (it ended by itself before it was undone), `endpointReadyNs` and `givenUp` (true: it is undone at once).
   */
  memory: Map<string, unknown>;
  /** What the ends of pods waited for, for the report. */
  waits?: PodWait[];
  /** Pods that a fault ended one after another, for the report. */
  ended?: EndedPod[];
  journal(event: string, detail: Record<string, unknown>): void;
  /** Writes down a further undo, durably, before what it undoes is done. */
  amend(undo: Undo[]): void;
}

/** A pod that a fault ended, or was to end. Times are monotonic ns of looks at it, so later than what they tell. */
export interface EndedPod {
  /** NAMESPACE/NAME */
  pod: string;
  uid: string;
  node: string;
  /** From TERM on; undefined: not yet asked to end. */
  endingNs?: number;
  /** How long it may take for that, s. */
  graceS?: number;
  goneNs?: number;
  /** What its collector had accepted and handed on, at the last look that it answered. */
  items?: { accepted: number; sent: number };
  itemsNs?: number;
}

/** A disruption budget kept a pod. Times are monotonic ns. */
export interface PodWait {
  /** NAMESPACE/NAME */
  pod: string;
  budget: string;
  /** In the API server's words. */
  why: string;
  fromNs: number;
  /** Undefined: it waits still. */
  toNs?: number;
  evicted: boolean;
}

/** Undo as data. Every kind is idempotent; a target that is gone is a success with a reason. */
export type Undo =
  | { kind: 'signal'; pid: number; startTicks: number; signal: 'SIGCONT' }
  | { kind: 'unlink'; path: string }
  /** An empty folder, such as a control group. */
  | { kind: 'remove-folder'; path: string }
  /** A scratch folder of ours with its files; its name must begin with squall-. */
  | { kind: 'remove-tree'; path: string }
  /** What a run keeps in its folder only while it runs: `work`, with the volumes mounted in it. */
  | { kind: 'remove-work'; runDir: string }
  /** Folders in PARENTS named PREFIX-REPLICA-START for one of these prefixes: limits of members. */
  | { kind: 'control-groups'; parents: string[]; prefixes: string[] }
  | { kind: 'restore-file'; path: string; from: string; signal?: ReloadSignal }
  /** Values of control groups; a group that is gone needs none. */
  | { kind: 'write-values'; writes: FileWrite[] }
  /** Every container, network and volume that carries the run's label. */
  | { kind: 'docker-objects'; daemon: string; runId: string }
  | ({ kind: 'docker-unpause' } & ContainerRef)
  | ({ kind: 'docker-connect' } & ContainerEndpoint)
  | ({ kind: 'docker-update'; limits: ResourceLimits } & ContainerRef)
  /** A cluster made for a run, by its name, with all that is in it. */
  | { kind: 'kind-cluster'; name: string }
  /** One order to the agents of a run: withdrawn, and read back from their words. */
  | ({ kind: 'agent-order' } & OrderRef)
  /** The agents of a run, with their namespace. */
  | { kind: 'kubernetes-agents'; cluster: ClusterRef; namespace: string; run: string }
  /** Values of an object in a cluster that carries the run's label; without it nothing is touched. */
  | ({ kind: 'kubernetes-restore'; cluster: ClusterRef } & ObjectRestore)
  /** What a run made for one fault: objects of this name, if they carry its label. */
  | ({ kind: 'kubernetes-made' } & MadeRef)
  /** The Job, Lease and ConfigMap of a run in a cluster: whatever carries its label in the namespace. */
  | { kind: 'kubernetes-run'; cluster: ClusterRef; namespace: string; run: string }
  /**
   * Lives in a thread of the runner and ends with it: nobody else can undo it. If the runner lets its deadline pass, the
   * guard ends the runner.
   */
  | { kind: 'in-process'; what: string }
  /** Lives in a pod of the run, which ends it by itself at the deadline: nobody else has to. */
  | { kind: 'in-pod'; what: string };

/** SIGHUP to exactly this process, or to this container: it reads its configuration again. */
export type ReloadSignal =
  | { pid: number; startTicks: number; signal: 'SIGHUP' }
  | (ContainerRef & { signal: 'SIGHUP' });

/** How the sink answers while a backend-outage lasts. */
export interface SinkReply {
  action:
    | 'refuse'
    | 'blackhole'
    | 'reset'
    | 'http-status'
    | 'grpc-status'
    | 'slow'
    | 'accept-and-drop'
    | 'partial-success';
  /** Share of requests it strikes, 0..1. */
  errorRate: number;
  httpStatus?: number;
  grpcStatus?: string;
  retryDelayMs?: number;
  retryAfterS?: number;
  responseDelayMs?: number;
  rejectedItems?: number;
}

export interface SinkScript {
  /**
   * A sink that ends replies by itself does so at `endNs`, monotonic; `undefined` then gives when it did, if it did before
   * it was asked to.
   */
  set(reply: SinkReply | undefined, endNs?: number): Promise<number | undefined>;
  /** It is no part of the runner: a reply ends when it must even where the runner cannot say so. */
  endsByItself?: true;
  /** Requests struck by the present reply. */
  struck(): Promise<number>;
  /** The present reply, read back; a script without it counts its acknowledged set() as the proof. */
  present?(): Promise<SinkReply | undefined>;
}
