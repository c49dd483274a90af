import type { ObjectRestore } from './kubernetes-change.ts';
import type { ClusterRef } from './kubernetes-client.ts';

/** Limits of CPU and memory of a running member, wherever they are kept. */
export interface LimitPower {
  /** Read back from where they are kept. */
  current(): Promise<ResourceLimits>;
  /** Puts them in force at once, and keeps them over a restart of a container. */
  set(limits: ResourceLimits): Promise<void>;
  /** Where they are kept in a cluster: why they would be refused now, and what puts them back. */
  refusal?(limits: ResourceLimits): Promise<string | undefined>;
  undo?(limits: ResourceLimits): Promise<ObjectRestore & { cluster: ClusterRef }>;
  /** Whether what had them is gone, as a pod may be while its workload goes on: then they are too. */
  gone?(): Promise<boolean>;
  /** Where limits are files: what set() would write. A limit that was not there from the start is not among them. */
  writes?(limits: ResourceLimits): FileWrite[];
}

export interface FileWrite {
  file: string;
  value: string;
}

/** null: no limit. */
export interface ResourceLimits {
  cpuMillis: number | null;
  memoryBytes: number | null;
}
