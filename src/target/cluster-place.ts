import type { V1OwnerReference } from '@kubernetes/client-node';
import type { Cluster } from './kubernetes-client.ts';

/** Where in a cluster the pods of a run's own stand. */
export interface ClusterPlace {
  cluster: Cluster;
  namespace: string;
  /** As labels have the run. */
  run: string;
  owner: V1OwnerReference;
}
