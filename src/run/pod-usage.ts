import type { PodSample } from '../observe/cluster-record.ts';
import type { RunRecord } from '../observe/evidence.ts';
import { type PodUsageWatch, watchKubelets, watchPodMetrics } from '../observe/pod-usage.ts';
import type { Cluster } from '../target/kubernetes-client.ts';
import { kubeletRights, missingRights, podMetricsRights, rightText } from '../target/kubernetes-rights.ts';
import { need, type Session } from './session.ts';

/** How what pods use is known in a run, and what the account lacks to know it better. */
export interface PodUsage {
  watch?: PodUsageWatch;
  /** `kubelets`, or what stands in for them. */
  from: 'the kubelets' | 'metrics.k8s.io' | 'the collectors themselves';
  lacks: string[];
}

/** Begins to look at what the members' pods use: by the kubelets, or without the rights for it by metrics.k8s.io. */
export async function podUsageUp(session: Session): Promise<void> {
  const { place, members } = need(session, 'target');
  if (place === undefined) return;
  const { cluster } = place;
  const { clock } = session;
  const namespaces = new Set(members.flatMap(({ pod }) => pod?.place?.namespace ?? []));
  const lacks = await lackedOf(cluster, kubeletRights);
  if (lacks.length === 0) {
    const read = (name: string, path: string) => cluster.core.connectGetNodeProxyWithPath({ name, path });
    session.podUsage = { from: 'the kubelets', lacks, watch: watchKubelets({ members, clock, read }) };
    return;
  }
  const instead = await lackedOf(cluster, [...namespaces].flatMap(podMetricsRights));
  session.podUsage =
    instead.length > 0
      ? { from: 'the collectors themselves', lacks: [...lacks, ...instead] }
      : {
          from: 'metrics.k8s.io',
          lacks,
          watch: watchPodMetrics({ members, clock, read: cluster.podMetrics }),
        };
}

/** Where the API server does not say, nothing: it is tried all the same. */
async function lackedOf(cluster: Cluster, rights: Parameters<typeof missingRights>[1]): Promise<string[]> {
  return (await missingRights(cluster, rights).catch(() => [])).map(rightText);
}

/** What was seen from t = 0 on, and what is not known. */
export function podPart(session: Session): { pods?: PodSample[]; notes: RunRecord['notes'] } {
  const { podUsage } = session;
  if (podUsage === undefined) return { notes: [] };
  const samples = podUsage.watch?.samples(need(session, 't0WallMs')) ?? [];
  const pods = samples.filter(({ atS }) => atS >= 0);
  const limited = need(session, 'target').members.some(({ resources }) => resources?.cpuMillis !== undefined);
  return { pods, notes: limited ? podNotes(podUsage, pods) : [] };
}

/** Of members with a CPU limit: others are never throttled. Pure. */
export function podNotes({ from, lacks }: PodUsage, pods: readonly PodSample[]): RunRecord['notes'] {
  if (pods.some(({ periods }) => periods !== undefined)) return [];
  const why =
    lacks.length === 0
      ? 'the kubelets told nothing of two times in the run, and look every 10 to 15 s'
      : `the account may not ${lacks.join(', ')}`;
  const known = pods.length === 0 ? 'the collectors themselves' : from;
  return [
    {
      code: 'THROTTLING-UNKNOWN',
      severity: 'info',
      sentence: `Whether the members were throttled is not known: ${why}. CPU and memory are as told by ${known}.`,
      next: lacks.length === 0 ? 'run for longer' : 'have an administrator bind k8s/squall/kubelets.yaml',
    },
  ];
}
