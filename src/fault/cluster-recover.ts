import { type Clock, systemClock } from '../base/clock.ts';
import { agentNamespace, listAgents, removeAgents } from '../target/kubernetes-agents.ts';
import { type Cluster, type ClusterRef, reasonOf } from '../target/kubernetes-client.ts';
import { connectCluster } from '../target/kubernetes-connect.ts';
import { listRun, removeRun, renewEveryMs, runName } from '../target/kubernetes-record.ts';
import { restoreRecorded } from '../target/kubernetes-restore.ts';
import type { SweepResult } from './sweep.ts';

/**
 * Removes what dead runs left in a namespace, from any machine that reaches the cluster. A run that renews its Lease
 * while it is watched lives and is left alone: it is halted where it runs. `run`: only this one.
 */
export async function recoverCluster(options: {
  cluster: ClusterRef;
  namespace: string;
  run?: string;
  clock?: Clock;
}): Promise<SweepResult> {
  const { namespace, clock = systemClock } = options;
  const cluster = await connectCluster(options.cluster);
  const wanted = options.run === undefined ? {} : { run: runName(options.run) };
  const look = async () => [
    ...(await listRun(cluster, { namespace, ...wanted })),
    ...(await listAgents(cluster, wanted)),
  ];
  const found = await look();
  const runs = [...new Set(found.map(({ run }) => run))];
  if (runs.length === 0) return { clean: true, lines: [`no run is open in ${namespace}`] };
  // Longer than the runner waits between two renewals.
  await clock.sleep(1.5 * renewEveryMs);
  const later = await look();
  const results = await Promise.all(
    runs.map(async (run): Promise<SweepResult> => {
      const renewed = (objects: typeof found) =>
        objects.find((o) => o.run === run && o.kind === 'lease')?.renewed;
      if (renewed(found) !== renewed(later) && renewed(later) !== undefined)
        return { clean: false, lines: [`${run}: still running; squall halt on the machine that runs it`] };
      return removed(cluster, { namespace, run, clock });
    }),
  );
  return { clean: results.every(({ clean }) => clean), lines: results.flatMap(({ lines }) => lines) };
}

async function removed(
  cluster: Cluster,
  options: { namespace: string; run: string; clock: Clock },
): Promise<SweepResult> {
  const { run, namespace } = options;
  try {
    // First: what they hold is undone by them before they end.
    const agents = { ...options, namespace: agentNamespace(run) };
    const acted = (await removeAgents(cluster, agents))
      ? [`${run}: its agents removed with their namespace`]
      : [];
    const restored = await restoreRecorded(cluster, options);
    const names = await removeRun(cluster, options);
    const lines = restored.map((line) => `${run}: ${line} in ${namespace}`);
    return {
      clean: true,
      lines: [...acted, ...lines, `${run}: ${names.join(', ') || 'nothing'} removed from ${namespace}`],
    };
  } catch (error) {
    return { clean: false, lines: [`${run}: ${reasonOf(error)}`] };
  }
}
