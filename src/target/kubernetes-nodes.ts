import { networkInterfaces } from 'node:os';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import type { NodePower } from './cluster-powers.ts';
import { objectPower } from './kubernetes-change.ts';
import { type Cluster, reasonOf, statusOf } from './kubernetes-client.ts';
import { budgetRefusal, evictPod } from './kubernetes-evict.ts';
import { drainedPod, ownPathOn } from './kubernetes-node-pods.ts';
import { type Sighted, sightPods } from './kubernetes-sight.ts';
import { isServing, listPods } from './kubernetes-workload.ts';
import type { ClusterAccess } from './kubernetes-workload-power.ts';
import type { Member } from './target.ts';

type Group = Sighted & { group: string };

interface Nodes {
  access: ClusterAccess;
  groups: readonly Group[];
}

/**
 * The nodes that carry pods of members at this moment, one for each member that it carries. Rejects when the API server
 * does not answer or the account may not look at nodes.
 */
export async function nodeMembers(nodes: Nodes): Promise<Member[]> {
  const { cluster } = nodes.access;
  const found: Member[] = [];
  const known = new Map<string, V1Node>();
  for (const group of nodes.groups) {
    const pods = await listPods(cluster, group);
    const names = [...new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? []))].sort();
    for (const name of names) {
      const node = known.get(name) ?? (await cluster.core.readNode({ name }));
      known.set(name, node);
      found.push({
        name,
        group: group.group,
        otlp: { headers: {} },
        version: '',
        node: nodePower(nodes, node),
      });
    }
  }
  return found;
}

function nodePower({ access, groups }: Nodes, node: V1Node): NodePower {
  const { cluster, record, clock } = access;
  const { name = '', uid = '' } = node.metadata ?? {};
  const namespaces = groups.map(({ namespace }) => namespace);
  const podsHere = () => podsOn(cluster, name);
  return {
    object: objectPower({ ...access, object: { kind: 'node', namespace: '', name, uid } }),
    ownPath: async () => ownPathOn({ node, pods: await podsHere(), addresses: ownAddresses() }),
    pods: async () => (await podsHere()).map((pod) => drainedPod(pod, namespaces)),
    sights: async () => {
      const sights = groups.map((group) => sightPods(cluster, { ...group, node: name }));
      return (await Promise.all(sights)).flat();
    },
    serving: async () => {
      const pods = await Promise.all(groups.map((group) => listPods(cluster, group)));
      return pods.flat().filter(isServing).length;
    },
    intend: async (pod, fault) => {
      const line = { fault, node: name, pod: pod.id, uid: pod.uid, method: 'evict', wallMs: clock.wallMs() };
      await record.write(line);
    },
    evict: async (pod, how) => {
      try {
        await evictPod(cluster, { ...pod, ...how });
        return undefined;
      } catch (error) {
        // Gone by itself, or another one has its name by now.
        if ([404, 409].includes(statusOf(error) ?? 0)) return undefined;
        const refusal = budgetRefusal(error);
        if (refusal === undefined) throw new Error(reasonOf(error), { cause: error });
        return refusal;
      }
    },
  };
}

async function podsOn(cluster: Cluster, node: string): Promise<V1Pod[]> {
  const { items } = await cluster.core.listPodForAllNamespaces({ fieldSelector: `spec.nodeName=${node}` });
  return items;
}

/** By which a pod is known to be this very process's. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
