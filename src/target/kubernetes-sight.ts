import type { V1Pod } from '@kubernetes/client-node';
import { itemsOnPage, type PageItems } from './collector-page.ts';
import { withinMs } from './docker-client.ts';
import type { Cluster } from './kubernetes-client.ts';
import { listPods } from './kubernetes-workload.ts';
import type { PodSight } from './pod-sight.ts';

/** A pod that ends answers soon or not at all. */
const pageMs = 1000;

/** A member's pods, by the labels of its workload, and where they tell of themselves. */
export interface Sighted {
  namespace: string;
  selector: string;
  metricsPort: number;
}

/** The running pods of a member with what each collector has counted; on one node only where that is named. */
export async function sightPods(
  cluster: Cluster,
  { node, ...group }: Sighted & { node?: string },
): Promise<PodSight[]> {
  const pods = await listPods(cluster, group);
  const here = pods.filter(({ spec }) => node === undefined || spec?.nodeName === node);
  return Promise.all(
    here.map(async (pod) => {
      const items = await readItems(cluster, group, pod);
      return { ...sightOf(pod), ...(items === undefined ? {} : { items }) };
    }),
  );
}

function sightOf({ metadata, spec }: V1Pod): PodSight {
  const { deletionTimestamp, deletionGracePeriodSeconds: graceS } = metadata ?? {};
  return {
    id: `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`,
    uid: metadata?.uid ?? '',
    node: spec?.nodeName ?? '',
    ending: deletionTimestamp !== undefined,
    ...(graceS === undefined ? {} : { graceS }),
  };
}

async function readItems(
  cluster: Cluster,
  { namespace, metricsPort }: Sighted,
  { metadata }: V1Pod,
): Promise<PageItems | undefined> {
  const at = { namespace, name: `${metadata?.name}:${metricsPort}`, path: 'metrics' };
  const page = cluster.core.connectGetNamespacedPodProxyWithPath(at);
  // No answer is no count: the last one stands.
  const text = await withinMs(pageMs, page).catch(() => undefined);
  return text === undefined ? undefined : itemsOnPage(text);
}
