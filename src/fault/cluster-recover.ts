import { type Clock, systemClock } from '../base/clock.ts';
import { agentNamespace, listAgents, removeAgents } from '../target/kubernetes-agents.ts';
import { type Cluster, type ClusterRef, reasonOf } from '../target/kubernetes-client.ts';
import { connectCluster } from '../target/kubernetes-connect.ts';
import { listRun, removeRun, renewEveryMs, runName } from '../target/kubernetes-record.ts';
import { restoreRecorded } from '../target/kubernetes-restore.ts';
import type { SweepResult } from './sweep.ts';
import { tryOn } from './undo-tries.ts';

/**
 * A namespace goes when the controllers of its cluster have found their API server again: after one that was killed they
 * were seen to need 70 to 85 s.
 */
const recoverForMs = 150_000;

/** `final`: trying again changes nothing, as of a run that lives. */
type Tried = SweepResult & { final: boolean };

/**
 * Removes what dead runs left in a namespace, from any machine that reaches the cluster. A run that renews its Lease
 * while it is watched lives and is left alone: it is halted where it runs. `run`: only this one. An API server that does
 * not answer is asked again for a while, which `onLate` hears. Throws SQ-CONTEXT-UNKNOWN.
 */
export async function recoverCluster(options: {
  cluster: ClusterRef;
  namespace: string;
  run?: string;
  clock?: Clock;
  onLate?(line: string): void;
}): Promise<SweepResult> {
  const { namespace, clock = systemClock, onLate } = options;
  const cluster = await connectCluster(options.cluster);
  let results: Tried[] = [];
  const onFailure = (lines: readonly string[]) => onLate?.(`not done yet, and tried on: ${lines.join('; ')}`);
  await tryOn({ clock, forMs: recoverForMs, onFailure }, async () => {
    results = await recoverOnce(cluster, { ...options, clock }).catch((error: unknown) => [
      failed(`${cluster.context}/${namespace}`, error),
    ]);
    return results.filter(({ clean, final }) => !clean && !final).flatMap(({ lines }) => lines);
  });
  return { clean: results.every(({ clean }) => clean), lines: results.flatMap(({ lines }) => lines) };
}

async function recoverOnce(
  cluster: Cluster,
  options: { namespace: string; run?: string; clock: Clock },
): Promise<Tried[]> {
  const { namespace, clock } = options;
  const wanted = options.run === undefined ? {} : { run: runName(options.run) };
  const look = async () => [
    ...(await listRun(cluster, { namespace, ...wanted })),
    ...(await listAgents(cluster, wanted)),
  ];
  const found = await look();
  const runs = [...new Set(found.map(({ run }) => run))];
  if (runs.length === 0) return [{ clean: true, final: true, lines: [`no run is open in ${namespace}`] }];
  // Longer than the runner waits between two renewals.
  await clock.sleep(1.5 * renewEveryMs);
  const later = await look();
  return Promise.all(
    runs.map(async (run): Promise<Tried> => {
      const renewed = (objects: typeof found) =>
        objects.find((o) => o.run === run && o.kind === 'lease')?.renewed;
      if (renewed(found) !== renewed(later) && renewed(later) !== undefined) {
        const line = `${run}: still running; squall halt on the machine that runs it`;
        return { clean: false, final: true, lines: [line] };
      }
      return removed(cluster, { namespace, run, clock });
    }),
  );
}

async function removed(
  cluster: Cluster,
  options: { namespace: string; run: string; clock: Clock },
): Promise<Tried> {
  const { run, namespace } = options;
  try {
    // First: a namespace may take a minute to go, and needs nothing of this.
    const restored = await restoreRecorded(cluster, options);
    // What agents hold is undone by them before they end.
    const agents = { ...options, namespace: agentNamespace(run) };
    const acted = (await removeAgents(cluster, agents))
      ? [`${run}: its agents removed with their namespace`]
      : [];
    const names = await removeRun(cluster, options);
    const lines = restored.map((line) => `${run}: ${line} in ${namespace}`);
    return {
      clean: true,
      final: true,
      lines: [...acted, ...lines, `${run}: ${names.join(', ') || 'nothing'} removed from ${namespace}`],
    };
  } catch (error) {
    return failed(run, error);
  }
}

/** A refusal too is asked again: an API server that has just begun refuses everything. */
function failed(what: string, error: unknown): Tried {
  return { clean: false, final: false, lines: [`${what}: ${reasonOf(error)}`] };
}
