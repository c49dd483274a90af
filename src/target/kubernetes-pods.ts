import type { V1Pod } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import { parseBytes, parseCpu } from '../base/units.ts';
import { type LinkEnds, podLink } from './agent-link.ts';
import { podProcess } from './agent-process.ts';
import { chaosLink } from './chaos-link.ts';
import type { Agents } from './kubernetes-agents.ts';
import { objectPower } from './kubernetes-change.ts';
import { type Cluster, orAbsent, reasonOf, statusOf } from './kubernetes-client.ts';
import { evictPod } from './kubernetes-evict.ts';
import { podLimits } from './kubernetes-limits.ts';
import { sharedLook } from './kubernetes-look.ts';
import { isServing, listPods } from './kubernetes-workload.ts';
import type { ClusterAccess } from './kubernetes-workload-power.ts';
import { policyLink } from './policy-link.ts';
import type { Member, ObjectPower, PodEnd, PodPower } from './target.ts';

/** The pods of one member's workload. */
export interface PodGroup {
  cluster: Cluster;
  group: string;
  namespace: string;
  /** Labels of its pods. */
  selector: string;
  metricsPort: number;
  lossyComponents: string[];
  /** Longer than items lie in its batches, ns. */
  quietNs: number;
  access: ClusterAccess;
  /** Members by uid: a StatefulSet gives the next pod the name of the last. */
  known: Map<string, Member>;
  /** The pods as last seen, by uid. */
  seen: Map<string, V1Pod>;
  ends: LinkEnds;
  /** Where they act on the nodes. */
  agents?: Agents;
  clock: Clock;
}

/**
 * Keeps `into` to what is there: pods that came are added, pods that went are taken out. The same pod stays the same
 * member. Rejects when the API server does not answer.
 */
export async function refreshMembers(group: PodGroup, into: Member[]): Promise<void> {
  const pods = await listPods(group.cluster, group);
  const ids = new Set(pods.map(({ metadata }) => metadata?.uid));
  group.seen.clear();
  for (const pod of pods) group.seen.set(pod.metadata?.uid ?? '', pod);
  for (const [uid, member] of group.known) {
    if (ids.has(uid)) continue;
    group.known.delete(uid);
    into.splice(into.indexOf(member), 1);
  }
  for (const pod of pods) {
    const uid = pod.metadata?.uid ?? '';
    if (group.known.has(uid)) continue;
    const member = toMember(group, pod);
    group.known.set(uid, member);
    into.push(member);
  }
}

function toMember(group: PodGroup, pod: V1Pod): Member {
  const { cluster, namespace } = group;
  const name = pod.metadata?.name ?? '';
  const image = pod.spec?.containers[0]?.image ?? '';
  const readMetrics = () =>
    cluster.core.connectGetNamespacedPodProxyWithPath({
      namespace,
      name: `${name}:${group.metricsPort}`,
      path: 'metrics',
    });
  const power = podPower(group, pod);
  return {
    name,
    group: group.group,
    otlp: { headers: {} },
    version: /[:@]([^:@/]+)$/.exec(image)?.[1] ?? 'unknown',
    resources: limitsOf(pod),
    lossyComponents: group.lossyComponents,
    readMetrics,
    pod: power,
    links: linksOf(group, { pod, object: power.object, readMetrics }),
    ...agentPowers(group, pod),
    limits: podLimits(group.access, pod),
  };
}

/** What only an agent on the node can do. */
function agentPowers({ agents, ends, seen, clock }: PodGroup, pod: V1Pod): Pick<Member, 'process' | 'link'> {
  if (agents === undefined) return {};
  const { name = '', uid = '' } = pod.metadata ?? {};
  const node = pod.spec?.nodeName ?? '';
  const acted = { agents, node, name, uid, clock, latest: () => seen.get(uid) };
  return { process: podProcess(acted), link: podLink(acted, ends) };
}

/** What the cluster's own objects can do to links. */
function linksOf(
  { access, namespace, seen, quietNs, ends }: PodGroup,
  of: { pod: V1Pod; object: ObjectPower; readMetrics(): Promise<string> },
): NonNullable<Member['links']> {
  const { pod, object, readMetrics } = of;
  const { name = '', uid = '' } = pod.metadata ?? {};
  const linked = { access, namespace, name, latest: () => seen.get(uid), readMetrics, quietNs };
  return { policy: policyLink(linked, ends, object), 'chaos-mesh': chaosLink(linked, ends) };
}

/** Of the container that serves; Kubernetes writes quantities as scenarios do. */
function limitsOf({ spec }: V1Pod): NonNullable<Member['resources']> {
  const { cpu = '', memory = '' } = spec?.containers[0]?.resources?.limits ?? {};
  const [cpuMillis, memoryBytes] = [parseCpu(cpu), parseBytes(memory)];
  return {
    ...(cpuMillis === undefined ? {} : { cpuMillis }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}

function podPower(group: PodGroup, pod: V1Pod): PodPower {
  const { cluster, namespace, clock } = group;
  const name = pod.metadata?.name ?? '';
  const uid = pod.metadata?.uid ?? '';
  const look = sharedLook(clock, () => listPods(cluster, group));
  let before: string[] = [];
  return {
    id: `${namespace}/${name}`,
    place: {
      namespace,
      pod: name,
      container: pod.spec?.containers[0]?.name ?? '',
      node: pod.spec?.nodeName ?? '',
    },
    object: objectPower({ ...group.access, object: { kind: 'pod', namespace, name, uid } }),
    refusal: async (how) => {
      try {
        await end(group, { name, uid, how, dryRun: true });
        return undefined;
      } catch (error) {
        return statusOf(error) === 404 ? `pod ${name} is gone` : reasonOf(error);
      }
    },
    end: async (how) => {
      // Not from the shared look: who takes its place is told apart by who was there at this moment.
      before = (await listPods(cluster, group)).filter(isServing).map((one) => one.metadata?.uid ?? '');
      await group.access.record.write({
        fault: how.fault,
        pod: name,
        uid,
        method: how.method,
        wallMs: clock.wallMs(),
      });
      try {
        await end(group, { name, uid, how, dryRun: false });
      } catch (error) {
        // The server may look again after it has removed the pod, and find the next one of the name already.
        if (statusOf(error) !== 409 || !(await isGone(group, uid)))
          throw new Error(reasonOf(error), { cause: error });
      }
    },
    look: async () => {
      const pods = await look();
      const own = pods.find(({ metadata }) => metadata?.uid === uid);
      const serving = pods.filter(isServing).map(({ metadata }) => metadata);
      const fresh = serving.find((metadata) => !before.includes(metadata?.uid ?? ''));
      const state =
        own === undefined ? 'gone' : own.metadata?.deletionTimestamp === undefined ? 'there' : 'ending';
      return {
        state,
        ...(serving.length >= before.length && fresh?.name !== undefined ? { replacedBy: fresh.name } : {}),
      };
    },
  };
}

async function isGone(group: PodGroup, uid: string): Promise<boolean> {
  const pods = await listPods(group.cluster, group);
  return !pods.some(({ metadata }) => metadata?.uid === uid);
}

/** Rejects with the API server's refusal. A pod of this name that is another one by now is refused (409). */
async function end(
  { cluster, namespace }: PodGroup,
  options: { name: string; uid: string; how: PodEnd; dryRun: boolean },
): Promise<void> {
  const { name, uid, how, dryRun } = options;
  if (how.method === 'evict') {
    const { gracePeriodS } = how;
    const grace = gracePeriodS === undefined ? {} : { gracePeriodS };
    await evictPod(cluster, { namespace, name, uid, dryRun, ...grace });
    return;
  }
  const grace = how.gracePeriodS === undefined ? {} : { gracePeriodSeconds: how.gracePeriodS };
  const body = { ...grace, preconditions: { uid } };
  const dry = { dryRun: 'All' };
  await (dryRun
    ? cluster.core.deleteNamespacedPod({ namespace, name, body, ...dry })
    : orAbsent<unknown>(cluster.core.deleteNamespacedPod({ namespace, name, body })));
}
