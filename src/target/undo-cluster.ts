import type { V1ConfigMap, V1Lease, V1ObjectMeta } from '@kubernetes/client-node';

interface At {
  namespace: string;
  name: string;
}
type Found = { metadata?: V1ObjectMeta };
type Read<T = Found> = (at: At) => Promise<T>;
type Patch = (change: At & { body: object[]; dryRun?: string }) => Promise<unknown>;
type List<T = Found> = (query: { namespace: string; labelSelector?: string }) => Promise<{ items: T[] }>;
type Remove = (
  at: At & { gracePeriodSeconds?: number; propagationPolicy?: string; body?: object },
) => Promise<unknown>;
interface CustomKind {
  group: string;
  version: string;
  plural: string;
}

/**
 * All that undoing takes of a cluster, in the client library's words: Cluster has it, and the pod of a run's guard, which
 * has no library, brings it along (bare-cluster.ts). So there is one way of undoing, whoever does it.
 */
export interface UndoCluster {
  core: {
    readNamespacedPod: Read;
    readNamespacedService: Read;
    readNamespacedConfigMap: Read;
    readNode(at: { name: string }): Promise<Found>;
    patchNamespacedPod: Patch;
    patchNamespacedPodResize: Patch;
    patchNamespacedService: Patch;
    patchNamespacedConfigMap: Patch;
    patchNode(change: { name: string; body: object[]; dryRun?: string }): Promise<unknown>;
    listNamespacedPod: List;
    listNamespacedService: List;
    listNamespacedConfigMap: List<V1ConfigMap>;
    deleteNamespacedPod: Remove;
    deleteNamespacedService: Remove;
    deleteNamespacedConfigMap: Remove;
  };
  apps: {
    readNamespacedDeployment: Read;
    readNamespacedStatefulSet: Read;
    readNamespacedDaemonSet: Read;
    patchNamespacedDeployment: Patch;
    patchNamespacedStatefulSet: Patch;
    patchNamespacedDaemonSet: Patch;
    listNamespacedReplicaSet: List;
    listNamespacedControllerRevision: List;
    deleteNamespacedReplicaSet: Remove;
    deleteNamespacedControllerRevision: Remove;
  };
  batch: { listNamespacedJob: List; deleteNamespacedJob: Remove };
  coordination: { listNamespacedLease: List<V1Lease>; deleteNamespacedLease: Remove };
  networking: { listNamespacedNetworkPolicy: List; deleteNamespacedNetworkPolicy: Remove };
  custom: {
    listNamespacedCustomObject(
      query: CustomKind & { namespace: string; labelSelector?: string },
    ): Promise<{ items: Found[] }>;
    deleteNamespacedCustomObject(at: CustomKind & At): Promise<unknown>;
  };
}
