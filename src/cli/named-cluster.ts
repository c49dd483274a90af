import { SquallError } from '../base/errors.ts';
import type { ClusterRef } from '../target/kubernetes-client.ts';
import type { GlobalFlags } from './console.ts';

/** The cluster and the namespace that the flags name. Throws SQ-USAGE where one is missing; `next`: the command in full. */
export function namedCluster(
  { context, namespace, kubeconfig }: GlobalFlags,
  next: string,
): { cluster: ClusterRef; namespace: string } {
  if (context !== undefined && namespace !== undefined) {
    return { cluster: { context, ...(kubeconfig === undefined ? {} : { kubeconfig }) }, namespace };
  }
  throw new SquallError({
    code: 'SQ-USAGE',
    what: 'a cluster is named by context and namespace: the current ones are never taken',
    expected: 'both --context and --namespace',
    found: context === undefined ? 'no --context' : 'no --namespace',
    next,
  });
}
