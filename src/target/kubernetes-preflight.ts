import { type ErrorParts, SquallError } from '../base/errors.ts';
import type { KubernetesMemberSpec } from '../scenario/types.ts';
import { type Cluster, orAbsent, reasonOf, statusOf } from './kubernetes-client.ts';
import { missingResources } from './kubernetes-discovery.ts';
import { checkRadius, type Strike } from './kubernetes-radius.ts';
import { programLabel } from './kubernetes-record.ts';
import { missingRights, type Need, neededRights, type Right, rightText } from './kubernetes-rights.ts';
import { isServing, listPods, readWorkload, type Workload } from './kubernetes-workload.ts';

/** By this label the owner of a namespace says that its pods may be struck. */
export const allowLabel = 'squall.dev/chaos';

/** What a run will touch, found without changing anything. */
export interface Preflight {
  workloads: Record<string, Workload>;
}

/**
 * Looks whether a run may do what it is about to do: the server answers, the namespaces are there and open, the
 * account has every right, every member has pods. Throws SquallError with all that is missing, each by name.
 */
export async function checkCluster(options: {
  cluster: Cluster;
  home: string;
  members: Record<string, KubernetesMemberSpec>;
  needs: readonly Need[];
  /** What the faults take, and the share of a workload's pods that they may at once. */
  radius?: { strikes: readonly Strike[]; share: number };
}): Promise<Preflight> {
  const { cluster, home } = options;
  const members = Object.values(options.members);
  const rights = neededRights({ members: options.members, home, needs: options.needs });
  const lacks = await lackingRights(cluster, rights);
  const found = lacks.map((right) => refusedRight(cluster, right));
  found.push(...(await missingResources(cluster, options.needs)));
  const canRead = (namespace: string, resource: string) =>
    !lacks.some(
      (right) =>
        right.namespace === namespace && right.resource === resource && ['get', 'list'].includes(right.verb),
    );
  for (const namespace of new Set([home, ...members.map((member) => member.namespace)])) {
    if (canRead(namespace, 'namespaces')) found.push(...(await checkNamespace(cluster, namespace)));
  }
  const workloads: Preflight['workloads'] = {};
  const sizes: Record<string, number> = {};
  const spread: Record<string, number[]> = {};
  for (const [name, member] of Object.entries(options.members)) {
    if (!canRead(member.namespace, `${member.workload.kind}s`) || !canRead(member.namespace, 'pods'))
      continue;
    const result = await checkWorkload(cluster, name, member);
    if ('code' in result) found.push(result);
    else {
      workloads[name] = result.workload;
      spread[name] = result.byNode;
      sizes[name] = result.byNode.reduce((sum, pods) => sum + pods, 0);
    }
  }
  if (options.radius !== undefined) found.push(...checkRadius({ ...options.radius, sizes, spread }));
  const [first, ...others] = found;
  if (first !== undefined) throw new SquallError(first, { others });
  return { workloads };
}

/** Throws SQ-RIGHT-MISSING with every right that the account lacks. */
export async function mustHaveRights(cluster: Cluster, rights: readonly Right[]): Promise<void> {
  const lacks = await lackingRights(cluster, rights);
  const [first, ...others] = lacks.map((right) => refusedRight(cluster, right));
  if (first !== undefined) throw new SquallError(first, { others });
}

function lackingRights(cluster: Cluster, rights: readonly Right[]): Promise<Right[]> {
  return missingRights(cluster, rights).catch((cause: unknown) => {
    throw unreachable(cluster, cause);
  });
}

function unreachable(cluster: Cluster, cause: unknown): SquallError {
  const denied = [401, 403].includes(statusOf(cause) ?? 0);
  return new SquallError(
    {
      code: 'SQ-CLUSTER-UNREACHABLE',
      what: denied
        ? 'the API server does not know the account of this context'
        : 'the API server does not answer',
      where: `context ${cluster.context}, ${cluster.server}`,
      found: reasonOf(cause),
      next: `kubectl --context ${cluster.context} auth whoami`,
    },
    { cause },
  );
}

function refusedRight(cluster: Cluster, right: Right): ErrorParts {
  return {
    code: 'SQ-RIGHT-MISSING',
    what: `the account may not ${rightText(right)}`,
    where: `context ${cluster.context}`,
    next:
      right.namespace === undefined
        ? 'have an administrator bind the ClusterRole of k8s/squall that names it: nodes.yaml or agents.yaml'
        : 'have an administrator apply k8s/squall/role.yaml in the namespace',
  };
}

async function checkNamespace(cluster: Cluster, name: string): Promise<ErrorParts[]> {
  const found = await orAbsent(cluster.core.readNamespace({ name }));
  const where = `context ${cluster.context}, namespace ${name}`;
  if (found === undefined) {
    const next = `kubectl --context ${cluster.context} get namespaces`;
    return [{ code: 'SQ-NAMESPACE-CLOSED', what: `there is no namespace ${name}`, where, next }];
  }
  const value = found.metadata?.labels?.[allowLabel];
  if (value === 'allowed') return [];
  return [
    {
      code: 'SQ-NAMESPACE-CLOSED',
      what: `the namespace ${name} is not open for faults`,
      where,
      expected: `the label ${allowLabel}=allowed`,
      found: value === undefined ? 'no such label' : `${allowLabel}=${value}`,
      next: `kubectl --context ${cluster.context} label namespace ${name} ${allowLabel}=allowed`,
    },
  ];
}

async function checkWorkload(
  cluster: Cluster,
  member: string,
  spec: KubernetesMemberSpec,
): Promise<{ workload: Workload; byNode: number[] } | ErrorParts> {
  const { namespace } = spec;
  const what = `${spec.workload.kind}/${spec.workload.name}`;
  const where = `context ${cluster.context}, namespace ${namespace}, member ${member}`;
  const kubectl = `kubectl --context ${cluster.context} -n ${namespace}`;
  const workload = await orAbsent(readWorkload(cluster, spec));
  if (workload === undefined) {
    const next = `${kubectl} get deployments,statefulsets,daemonsets`;
    return { code: 'SQ-PODS-MISSING', what: `there is no ${what}`, where, next };
  }
  const guarded = protectedBy(workload.template.metadata?.labels ?? {});
  if (guarded !== undefined) {
    const why = `${what} is ${guarded}, which no fault may strike`;
    const next = `take ${member} out of target.kubernetes.members`;
    return { code: 'SQ-MEMBER-PROTECTED', what: why, where, next };
  }
  const pods = await listPods(cluster, { namespace, selector: workload.selector });
  const serving = Map.groupBy(pods.filter(isServing), ({ spec: { nodeName } = {} }) => nodeName);
  const byNode = [...serving.values()].map(({ length }) => length).sort((a, b) => b - a);
  if (byNode.length > 0) return { workload, byNode };
  return {
    code: 'SQ-PODS-MISSING',
    what: `${what} has no pod that is ready`,
    where,
    expected: 'at least one',
    found: pods.length === 0 ? 'no running pod' : `${pods.length} running pods that are not ready`,
    next: `${kubectl} get pods -l '${workload.selector}'`,
  };
}

/** What a run is judged by and what everything in a cluster lives by; by its usual labels, also under a name of one's own. */
export function protectedBy(labels: Readonly<Record<string, string>>): string | undefined {
  const name = labels['app.kubernetes.io/name'] ?? labels['k8s-app'] ?? labels.app ?? '';
  if (name === 'prometheus') return 'Prometheus';
  if (['kube-dns', 'coredns'].includes(name)) return "the cluster's DNS";
  if (['kube-apiserver', 'etcd', 'kube-proxy'].includes(name) || labels.component === 'kube-apiserver')
    return 'a part of the cluster itself';
  return labels[programLabel] === undefined ? undefined : "squall's own";
}
