import type { V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import type { KubernetesMemberSpec } from '../scenario/types.ts';

/** One thing that an account may do, as a Role words it. */
export interface Right {
  /** Undefined: of the whole cluster, as for nodes. */
  namespace?: string;
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  /** Of this object alone. */
  name?: string;
}

/**
 * What a fault asks of whoever runs it. role: rules of one Role in the namespace. nodes: verbs on nodes too, so a
 * ClusterRole. agent: squall's own pods on the nodes, in a privileged namespace.
 */
export type RightsClass = 'role' | 'nodes' | 'agent';

/** A rule of a Role. */
export interface RightsRule {
  group: string;
  /** pods, pods/eviction; `workloads` stands for what the member is: deployments, statefulsets or daemonsets. */
  resource: string;
  verbs: readonly string[];
  /** Of these objects alone; undefined: of all. */
  names?: readonly string[];
  scope?: 'namespace' | 'cluster';
  /** Of a custom resource, which must be installed: the version of its API. */
  version?: string;
}

/** One way of doing a fault in a cluster, and what it takes beyond what every run needs. */
export interface FaultRights {
  /** The parameters that choose this way, such as {via: 'policy'}; undefined: the only way. */
  when?: Readonly<Record<string, string>>;
  class: RightsClass;
  rules: readonly RightsRule[];
}

/** What a planned fault needs, and of which member; undefined: of any. */
export interface Need {
  member?: string;
  /** Not of the members: where the run's own record and pods stand. */
  home?: true;
  rules: readonly RightsRule[];
}

const plurals = { deployment: 'deployments', statefulset: 'statefulsets', daemonset: 'daemonsets' } as const;

/** What a run needs in a cluster: all of its first class fits one Role per namespace (k8s/squall/role.yaml). */
export function neededRights(options: {
  members: Readonly<Record<string, KubernetesMemberSpec>>;
  /** Where the run's own record stands. */
  home: string;
  needs: readonly Need[];
}): Right[] {
  const { members, home, needs } = options;
  const rights: Right[] = [];
  const add = (namespace: string | undefined, rule: RightsRule) => rights.push(...rightsOf(namespace, rule));
  for (const { namespace, workload, otlp } of Object.values(members)) {
    for (const rule of observeRules) add(namespace, rule);
    add(namespace, { group: 'apps', resource: plurals[workload.kind], verbs: ['get'] });
    if (otlp !== undefined && 'service' in otlp)
      add(namespace, { group: '', resource: 'services', verbs: ['get'] });
  }
  for (const { member, home: own, rules } of needs) {
    if (own === true) {
      for (const rule of rules) add(rule.scope === 'cluster' ? undefined : home, rule);
      continue;
    }
    const struck = Object.entries(members).filter(([name]) => member === undefined || name === member);
    for (const [, { namespace, workload }] of struck)
      for (const rule of rules)
        add(rule.scope === 'cluster' ? undefined : namespace, {
          ...rule,
          resource: rule.resource.replace(/^workloads/, plurals[workload.kind]),
        });
  }
  for (const rule of recordRules) add(home, rule);
  const byText = new Map(rights.map((right) => [rightText(right), right]));
  return [...byText.values()];
}

/** In every namespace of a member. */
const observeRules: readonly RightsRule[] = [
  { group: '', resource: 'namespaces', verbs: ['get'] },
  { group: '', resource: 'pods', verbs: ['list'] },
  { group: '', resource: 'pods/proxy', verbs: ['get'] },
  { group: '', resource: 'configmaps', verbs: ['get'] },
];

const recordRules: readonly RightsRule[] = [
  { group: 'batch', resource: 'jobs', verbs: ['create', 'list', 'delete'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['create', 'list', 'update', 'delete'] },
  { group: '', resource: 'configmaps', verbs: ['create', 'list', 'update', 'delete'] },
];

/** What a run looks on at, where it may; without them it says what it did not see. */
export const watchRules: readonly RightsRule[] = [
  { group: '', resource: 'pods', verbs: ['list', 'watch'] },
  { group: '', resource: 'events', verbs: ['list', 'watch'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list', 'watch'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list', 'watch'] },
];

/** CPU and memory of the pods of a namespace, without the kubelets. */
export const podMetricsRules: readonly RightsRule[] = [
  { group: 'metrics.k8s.io', resource: 'pods', verbs: ['list'] },
];

/** What the kubelets say of their pods. */
export const kubeletRights: readonly Right[] = rightsOf(undefined, {
  group: '',
  resource: 'nodes/proxy',
  verbs: ['get'],
});

export function podMetricsRights(namespace: string): Right[] {
  return podMetricsRules.flatMap((rule) => rightsOf(namespace, rule));
}

/** For a way to a Service through the API server. */
export const serviceRules: readonly RightsRule[] = [
  { group: '', resource: 'services', verbs: ['get'] },
  { group: '', resource: 'pods', verbs: ['list'] },
  { group: '', resource: 'pods/portforward', verbs: ['create', 'get'] },
];

export function serviceRights(namespace: string): Right[] {
  return serviceRules.flatMap((rule) => rightsOf(namespace, rule));
}

export function watchRights(namespace: string, resource: string): Right[] {
  return watchRules.filter((rule) => rule.resource === resource).flatMap((rule) => rightsOf(namespace, rule));
}

/** For a sink in the cluster. */
export const sinkRules: readonly RightsRule[] = [
  { group: '', resource: 'pods', verbs: ['create', 'list', 'delete'] },
  { group: '', resource: 'pods/portforward', verbs: ['create', 'get'] },
  { group: '', resource: 'services', verbs: ['get', 'create', 'list', 'delete'] },
];

/** For load from the cluster; the Job is the owner of its pods. */
export const loadRules: readonly RightsRule[] = [
  { group: '', resource: 'pods', verbs: ['list', 'delete'] },
  { group: '', resource: 'pods/portforward', verbs: ['create', 'get'] },
];

function rightsOf(namespace: string | undefined, rule: RightsRule): Right[] {
  const [resource = '', subresource] = rule.resource.split('/');
  const objects = rule.names?.map((name) => ({ name })) ?? [{}];
  return rule.verbs.flatMap((verb) =>
    objects.map((object) => ({
      ...(namespace === undefined ? {} : { namespace }),
      verb,
      group: rule.group,
      resource,
      ...(subresource === undefined ? {} : { subresource }),
      ...object,
    })),
  );
}

export function rightText(right: Right): string {
  const { namespace } = right;
  return `${rightName(right)} ${namespace === undefined ? 'in the whole cluster' : `in ${namespace}`}`;
}

/** Without the place. */
export function rightName({ verb, group, resource, subresource, name }: Right): string {
  const part = subresource === undefined ? resource : `${resource}/${subresource}`;
  const whole = group === '' ? part : `${part}.${group}`;
  return `${verb} ${whole}${name === undefined ? '' : ` ${name}`}`;
}

/** Where an account asks what it may do. */
interface Asked {
  authorization: {
    createSelfSubjectAccessReview(of: { body: object }): Promise<V1SelfSubjectAccessReview>;
  };
}

/** Those that the account lacks, by asking the API server about each; changes nothing. */
export async function missingRights(cluster: Asked, rights: readonly Right[]): Promise<Right[]> {
  const answers = await Promise.all(
    rights.map(async (right) => {
      const { status } = await cluster.authorization.createSelfSubjectAccessReview({
        body: { spec: { resourceAttributes: right } },
      });
      return status?.allowed === true ? undefined : right;
    }),
  );
  return answers.filter((right) => right !== undefined);
}
