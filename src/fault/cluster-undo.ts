import { systemClock } from '../base/clock.ts';
import { withinMs } from '../target/docker-client.ts';
import { connectCluster, reasonOf } from '../target/kubernetes-client.ts';
import { listRun, removeRun } from '../target/kubernetes-record.ts';
import { restoreRecorded } from '../target/kubernetes-restore.ts';
import type { Undo } from './fault.ts';

type ClusterUndo = Extract<Undo, { kind: 'kubernetes-run' }>;

/** An API server that hangs must not keep the other undos of a run from being tried, ms. */
const answerMs = 20_000;

/** Removes what a run made in a cluster. Rejects when the API server does not answer or something is left. */
export async function removeFromCluster({ cluster: ref, namespace, run }: ClusterUndo): Promise<string> {
  const cluster = await connectCluster(ref);
  await withinMs(answerMs, restoreRecorded(cluster, { namespace, run }));
  const removed = await withinMs(answerMs, removeRun(cluster, { namespace, run, clock: systemClock }));
  return removed.length === 0 ? `nothing of ${run} is in ${namespace}` : `${removed.join(', ')} removed`;
}

/** What of a run can still be seen in its cluster, or undefined; an API server that does not answer is a remainder. */
export async function clusterRemains({
  cluster: ref,
  namespace,
  run,
}: ClusterUndo): Promise<string | undefined> {
  try {
    const cluster = await connectCluster(ref);
    const left = await withinMs(answerMs, listRun(cluster, { namespace, run }));
    if (left.length === 0) return undefined;
    return `in ${ref.context}/${namespace}: ${left.map(({ kind, name }) => `${kind}/${name}`).join(', ')}`;
  } catch (error) {
    return `cluster ${ref.context} cannot be asked: ${reasonOf(error)}`;
  }
}
