import type { V1Lease, V1ObjectMeta } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import { type Cluster, statusOf } from './kubernetes-client.ts';

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
  let lease = await cluster.coordination.createNamespacedLease({
    namespace,
    body: { metadata, spec: spec(1) },
  });
  // By version: a Lease that was deleted, or written by another, refuses.
  const write = () => {
    const body = { ...lease, spec: spec(lease.spec?.leaseTransitions ?? 1) };
    return cluster.coordination.replaceNamespacedLease({ namespace, name: metadata.name ?? '', body });
  };
  return async () => {
    lease = await write().catch(async (error: unknown) => {
      // Or a renewal of its own was taken whose answer never came.
      const own = statusOf(error) === 409 ? await stillOurs(cluster, lease) : undefined;
      if (own === undefined) throw error;
      lease = own;
      return write();
    });
  };
}

/** The Lease as it stands now, if it is this one and no guard has taken it. */
async function stillOurs(cluster: Cluster, { metadata: own }: V1Lease): Promise<V1Lease | undefined> {
  const labelSelector = Object.entries(own?.labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join();
  const namespace = own?.namespace ?? '';
  const { items } = await cluster.coordination.listNamespacedLease({ namespace, labelSelector });
  return items.find(({ metadata, spec }) => metadata?.uid === own?.uid && spec?.holderIdentity === runner);
}
