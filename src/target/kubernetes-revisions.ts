import { type Clock, waitFor } from '../base/clock.ts';
import { changedLabel } from './kubernetes-change.ts';
import { orAbsent } from './kubernetes-client.ts';
import type { UndoCluster } from './undo-cluster.ts';

/** A controller that is asked to go back takes its time; who waits longer asks again. */
const rolledBackMs = 10_000;

/**
 * Removes what a changed pod template leaves when it is put back: the ReplicaSet without pods, or the revision. Waits
 * until its pods are gone, as they would go with it at once; rejects when they are not.
 */
export async function removeRevisions(
  cluster: UndoCluster,
  options: { namespace: string; run: string; clock: Clock },
): Promise<string[]> {
  const { namespace, run, clock } = options;
  const query = { namespace, labelSelector: `${changedLabel}=${run}` };
  const gone = await waitFor(clock, { timeoutMs: rolledBackMs, everyMs: 500 }, async () => {
    const { items } = await cluster.core.listNamespacedPod(query);
    return items.length === 0 ? true : undefined;
  });
  if (gone === undefined) throw new Error(`pods of the changed template are still there in ${namespace}`);
  const [sets, revisions] = await Promise.all([
    cluster.apps.listNamespacedReplicaSet(query),
    cluster.apps.listNamespacedControllerRevision(query),
  ]);
  const names = (items: { metadata?: { name?: string } }[]) =>
    items.map(({ metadata }) => metadata?.name ?? '');
  for (const name of names(sets.items))
    await orAbsent<unknown>(cluster.apps.deleteNamespacedReplicaSet({ namespace, name }));
  for (const name of names(revisions.items))
    await orAbsent<unknown>(cluster.apps.deleteNamespacedControllerRevision({ namespace, name }));
  return [...names(sets.items), ...names(revisions.items)].map((name) => `revision ${name} removed`);
}
