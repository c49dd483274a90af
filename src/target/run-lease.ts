import type { V1Lease, V1ObjectMeta } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import { knownObject } from './known-object.ts';
import type { Cluster } from './kubernetes-client.ts';

const runnerLeaseS = 15;
/** In the Lease: another one there is a guard that found this run dead, and the run never holds it again. */
const runner = 'squall-runner';

/** Makes the Lease of a run; gives what renews it, which rejects when it was taken away or the API server is. */
export async function openLease(
  cluster: Cluster,
  options: { namespace: string; metadata: V1ObjectMeta; clock: Clock },
): Promise<() => Promise<void>> {
  const { namespace, metadata, clock } = options;
  const spec = (transitions: number) => ({
    holderIdentity: runner,
    leaseDurationSeconds: runnerLeaseS,
    renewTime: cluster.microTime(clock.wallMs()),
    leaseTransitions: transitions,
  });
  const lease = await cluster.coordination.createNamespacedLease({
    namespace,
    body: { metadata, spec: spec(1) },
  });
  const write = knownObject(lease, {
    read: () => findLease(cluster, lease),
    replace: (body) =>
      cluster.coordination.replaceNamespacedLease({ namespace, name: metadata.name ?? '', body }),
    // Also where others wrote something else on it; not once a guard has taken it.
    isOwn: (found) => found.spec?.holderIdentity === runner,
  });
  return () => write((known) => ({ ...known, spec: spec(known.spec?.leaseTransitions ?? 1) }));
}

/** This Lease as it stands now; by its labels, as the run's account may list Leases and not get them. */
async function findLease(cluster: Cluster, { metadata: own }: V1Lease): Promise<V1Lease | undefined> {
  const labelSelector = Object.entries(own?.labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join();
  const namespace = own?.namespace ?? '';
  const { items } = await cluster.coordination.listNamespacedLease({ namespace, labelSelector });
  return items.find(({ metadata }) => metadata?.uid === own?.uid);
}
