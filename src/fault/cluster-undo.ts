import { systemClock, waitFor } from '../base/clock.ts';
import { holdersOf, withdrawOrder } from '../target/agent-lease.ts';
import { withinMs } from '../target/docker-client.ts';
import { hasAgents, removeAgents } from '../target/kubernetes-agents.ts';
import { type Cluster, reasonOf } from '../target/kubernetes-client.ts';
import { connectCluster } from '../target/kubernetes-connect.ts';
import { listRun, removeRun } from '../target/kubernetes-record.ts';
import { restoreRecorded } from '../target/kubernetes-restore.ts';
import type { Undo } from './fault.ts';

export type ClusterUndo = Extract<
  Undo,
  { kind: 'kubernetes-run' | 'kubernetes-made' | 'kubernetes-agents' | 'agent-order' }
>;

/** An API server that hangs must not keep the other undos of a run from being tried, ms. */
const answerMs = 60_000;
/** An agent looks every 0.4 s; past the time-to-live of what it holds it needs no word. */
const agentMs = 20_000;

/** Undoes what a run made in a cluster. Rejects when the API server does not answer or something is left. */
export async function removeFromCluster(undo: ClusterUndo): Promise<string> {
  return withinMs(answerMs, undoAt(await connectCluster(undo.cluster), undo));
}

async function undoAt(cluster: Cluster, undo: ClusterUndo): Promise<string> {
  const { namespace } = undo;
  switch (undo.kind) {
    case 'kubernetes-run': {
      await restoreRecorded(cluster, { namespace, run: undo.run });
      const removed = await removeRun(cluster, { namespace, run: undo.run, clock: systemClock });
      return removed.length === 0
        ? `nothing of ${undo.run} is in ${namespace}`
        : `${removed.join(', ')} removed`;
    }
    case 'kubernetes-made': {
      const { run, name } = undo;
      const removed = await removeRun(cluster, { namespace, run, name, clock: systemClock });
      return removed.length === 0 ? `there is no ${name} in ${namespace}` : `${removed.join(', ')} removed`;
    }
    case 'kubernetes-agents': {
      const { run } = undo;
      const removed = await removeAgents(cluster, { namespace, run, clock: systemClock });
      return removed ? `namespace ${namespace} removed` : `there is no namespace ${namespace} of this run`;
    }
    case 'agent-order': {
      const place = { cluster, namespace };
      await withdrawOrder(place, undo.order);
      await waitFor(systemClock, { timeoutMs: agentMs, everyMs: 200 }, async () =>
        (await holdersOf(place, undo.order)).length === 0 ? true : undefined,
      );
      const nodes = await holdersOf(place, undo.order);
      if (nodes.length > 0) throw new Error(`the agent on ${nodes.join(', ')} still holds ${undo.order}`);
      return `order ${undo.order} is withdrawn`;
    }
  }
}

/** What of a run can still be seen in its cluster, or undefined; an API server that does not answer is a remainder. */
export async function clusterRemains(undo: ClusterUndo): Promise<string | undefined> {
  const { context } = undo.cluster;
  try {
    return await withinMs(answerMs, lookAt(await connectCluster(undo.cluster), undo));
  } catch (error) {
    return `cluster ${context} cannot be asked: ${reasonOf(error)}`;
  }
}

async function lookAt(cluster: Cluster, undo: ClusterUndo): Promise<string | undefined> {
  const { namespace } = undo;
  const where = `in ${undo.cluster.context}/${namespace}`;
  switch (undo.kind) {
    case 'kubernetes-run':
      return namesOf(where, await listRun(cluster, { namespace, run: undo.run }));
    case 'kubernetes-made':
      return namesOf(where, await listRun(cluster, { namespace, run: undo.run, name: undo.name }));
    case 'kubernetes-agents':
      return (await hasAgents(cluster, { namespace, run: undo.run }))
        ? `${where}: squall's agents`
        : undefined;
    case 'agent-order': {
      const nodes = await holdersOf({ cluster, namespace }, undo.order);
      return nodes.length === 0 ? undefined : `${where}: order ${undo.order} held on ${nodes.join(', ')}`;
    }
  }
}

function namesOf(where: string, left: readonly { kind: string; name: string }[]): string | undefined {
  return left.length === 0
    ? undefined
    : `${where}: ${left.map(({ kind, name }) => `${kind}/${name}`).join(', ')}`;
}
