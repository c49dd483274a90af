import { systemClock } from '../base/clock.ts';
import type { Sink } from '../observe/sink.ts';
import type { SinkTask } from '../pod/messages.ts';
import { startClusterSink } from '../run/cluster-sink.ts';
import { images } from '../scenario/images.ts';
import { connectCluster } from '../target/kubernetes-connect.ts';
import { makeOwn } from '../target/kubernetes-own-pods.ts';
import { mustHaveRights } from '../target/kubernetes-preflight.ts';
import { openRunRecord, runName } from '../target/kubernetes-record.ts';
import { neededRights, sinkRules } from '../target/kubernetes-rights.ts';
import { findPullSecrets } from '../target/pull-secrets.ts';
import type { GlobalFlags } from './console.ts';
import { namedCluster } from './named-cluster.ts';

/** Then the cluster takes the sink away, should nobody have done so. */
const deadlineS = 24 * 3600;

/**
 * A sink in the cluster that the flags name, for as long as `use` takes, which stops it: then its evidence is whole in
 * `evidenceDir`, and nothing of it is left in the cluster. Gives what `use` gives.
 */
export async function withClusterSink(
  flags: GlobalFlags,
  options: { task: Omit<SinkTask, 'grpc' | 'http'>; evidenceDir: string },
  use: (sink: Sink) => Promise<number>,
): Promise<number> {
  const words = 'squall sink --kubernetes --context NAME -n NAMESPACE';
  const { cluster: ref, namespace } = namedCluster(flags, words);
  const cluster = await connectCluster(ref);
  const needs = [{ home: true as const, rules: sinkRules }];
  await mustHaveRights(cluster, neededRights({ members: {}, home: namespace, needs }));
  const pullSecrets = flags.imagePullSecret ?? [];
  await findPullSecrets(cluster, { namespace, names: pullSecrets });
  const { runId } = options.task.plan;
  const record = await makeOwn({ cluster, namespace }, 'the record of a run', () =>
    openRunRecord({ cluster, namespace, runId, deadlineS, clock: systemClock }),
  );
  try {
    const sink = await startClusterSink({
      own: {
        cluster,
        namespace,
        run: runName(runId),
        owner: record.owner,
        image: flags.image ?? images.squall,
        pullSecrets,
        clock: systemClock,
      },
      service: flags.service ?? 'squall-sink',
      ...options,
      clock: systemClock,
    });
    return await use(sink);
  } finally {
    await record.close();
  }
}
