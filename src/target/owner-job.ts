import type { V1OwnerReference } from '@kubernetes/client-node';
import type { Cluster } from './kubernetes-client.ts';

/**
 * A Job without a pod (parallelism 0). Past its deadline the cluster itself removes it, and with it whatever names it as
 * its owner, also when nothing of squall is left anywhere.
 */
export async function makeOwnerJob(
  cluster: Cluster,
  options: { namespace: string; name: string; labels: Record<string, string>; deadlineS: number },
): Promise<V1OwnerReference> {
  const { namespace, name, labels, deadlineS } = options;
  const confined = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  };
  const { metadata } = await cluster.batch.createNamespacedJob({
    namespace,
    body: {
      metadata: { name, labels },
      spec: {
        parallelism: 0,
        backoffLimit: 0,
        activeDeadlineSeconds: deadlineS,
        ttlSecondsAfterFinished: 0,
        template: {
          metadata: { labels },
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            containers: [{ name: 'none', image: 'registry.k8s.io/pause:3.10', securityContext: confined }],
          },
        },
      },
    },
  });
  return { apiVersion: 'batch/v1', kind: 'Job', name, uid: metadata?.uid ?? '' };
}
