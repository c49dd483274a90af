import type { PodSight } from './pod-sight.ts';
import type { ObjectPower } from './target.ts';

/** A node that carries pods of members. */
export interface NodePower {
  object: ObjectPower;
  /** What of squall's own way it carries: its pods, itself, the API server; empty: nothing. */
  ownPath(): Promise<string[]>;
  /** All of its pods, as a drain takes them. */
  pods(): Promise<NodePod[]>;
  /** Its pods of members, with what their collectors have counted. */
  sights(): Promise<PodSight[]>;
  /** How many pods of members serve, wherever they are. */
  serving(): Promise<number>;
  /** Writes into the record in the cluster that this pod is to be evicted; rejects when the run may do so no more. */
  intend(pod: NodePod, fault: string): Promise<void>;
  /** Resolves with the refusal of a disruption budget, or when the pod is on its way; rejects with any other refusal. */
  evict(
    pod: NodePod,
    how: { gracePeriodS?: number; dryRun?: boolean },
  ): Promise<{ budget: string; why: string } | undefined>;
}

export interface NodePod {
  /** NAMESPACE/NAME */
  id: string;
  namespace: string;
  name: string;
  uid: string;
  /** On its way out. */
  ending: boolean;
  /** Why a drain leaves it where it is; undefined: it is evicted. */
  stays?: string;
  /** What is lost for good with it: it has no controller (force), or scratch space. */
  needs?: 'force' | 'deleteEmptyDirData';
}

/** All pods of a workload are replaced by its own strategy, as by kubectl rollout restart. */
export interface RolloutPower {
  /** Why it cannot be now, or undefined: a dry run, which changes nothing. */
  refusal(): Promise<string | undefined>;
  /** Writes a line into the record in the cluster, then asks for it. There is no way back, and none is needed. */
  restart(fault: string): Promise<void>;
  isComplete(): Promise<boolean>;
  pods(): Promise<PodSight[]>;
}
