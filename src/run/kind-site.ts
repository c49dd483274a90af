import { createKindCluster, removeKindCluster } from '../target/kind-cluster.ts';
import { kindClusterName, kindVersion } from '../target/kind-command.ts';
import { need, type Session } from './session.ts';

/** The cluster of a kind target, made before the sink that its pods reach; other targets have none. */
export async function kindUp(session: Session): Promise<void> {
  const spec = session.scenario.target;
  if (spec.kind !== 'kind') return;
  const { runId } = session.plan;
  session.versions.kind = await kindVersion();
  const undo = [{ kind: 'kind-cluster' as const, name: kindClusterName(runId) }];
  need(session, 'journal').append({ kind: 'resource', what: 'cluster', undo });
  session.kind = await createKindCluster({
    spec,
    runId,
    runDir: session.dir,
    signal: session.signal,
    say: session.say,
  });
}

/** Also of one that was not made whole. */
export async function kindDown(session: Session): Promise<void> {
  if (session.scenario.target.kind !== 'kind' || session.versions.kind === undefined) return;
  await removeKindCluster({ name: kindClusterName(session.plan.runId), runDir: session.dir });
}
