import { awaitOwnPods, makeOwn, type OwnPods, ownLabels, ownTemplate } from './kubernetes-own-pods.ts';

const indexLabel = 'batch.kubernetes.io/job-completion-index';

/**
 * Load pods of an Indexed Job, over the nodes as evenly as they can be. Resolves with their names by index when the
 * programs of all run.
 */
export async function startLoadJob(
  own: OwnPods,
  { pods, cpuMillis }: { pods: number; cpuMillis: number },
): Promise<string[]> {
  const { cluster, namespace, owner } = own;
  const labels = ownLabels(own, 'load');
  const name = `squall-load-${own.run}`;
  const { spec, ...template } = ownTemplate(own, 'load', { cpuMillis });
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: labels },
  };
  await makeOwn(own, `the Job ${name}`, () =>
    cluster.batch.createNamespacedJob({
      namespace,
      body: {
        metadata: { name, labels, ownerReferences: [owner] },
        spec: {
          completionMode: 'Indexed',
          completions: pods,
          parallelism: pods,
          backoffLimit: 0,
          template: {
            ...template,
            spec: { containers: [], ...spec, topologySpreadConstraints: [spread] },
          },
        },
      },
    }),
  );
  const running = await awaitOwnPods(own, 'load', pods);
  const indexOf = (labelled: Record<string, string> | undefined) => Number(labelled?.[indexLabel]);
  return running
    .toSorted((a, b) => indexOf(a.metadata?.labels) - indexOf(b.metadata?.labels))
    .map(({ metadata }) => metadata?.name ?? '');
}
