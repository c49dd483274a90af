import type { KubernetesMemberSpec } from '../scenario/types.ts';
import type { Cluster } from './kubernetes-client.ts';

/** One thing that an account may do, as a Role words it. */
export interface Right {
  namespace: string;
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
}

const groups = { deployment: 'deployments', statefulset: 'statefulsets', daemonset: 'daemonsets' } as const;

/** What a run needs in a cluster: all of it fits one Role per namespace (k8s/squall/role.yaml). */
export function neededRights(options: {
  members: readonly KubernetesMemberSpec[];
  /** Where the run's own record stands. */
  home: string;
  /** How pods are to be ended, if they are. */
  methods: readonly ('delete' | 'evict')[];
}): Right[] {
  const { members, home, methods } = options;
  const rights: Right[] = [];
  const add = (namespace: string, group: string, resource: string, verbs: string[]) => {
    const [name = '', subresource] = resource.split('/');
    for (const verb of verbs)
      rights.push({
        namespace,
        verb,
        group,
        resource: name,
        ...(subresource === undefined ? {} : { subresource }),
      });
  };
  for (const namespace of new Set(members.map((member) => member.namespace))) {
    add(namespace, '', 'namespaces', ['get']);
    add(namespace, '', 'pods', ['list', ...(methods.includes('delete') ? ['delete'] : [])]);
    if (methods.includes('evict')) add(namespace, '', 'pods/eviction', ['create']);
    add(namespace, '', 'pods/proxy', ['get']);
    add(namespace, '', 'configmaps', ['get']);
  }
  for (const { namespace, workload, otlp } of members) {
    add(namespace, 'apps', groups[workload.kind], ['get']);
    if (otlp !== undefined && 'service' in otlp) add(namespace, '', 'services', ['get']);
  }
  add(home, 'batch', 'jobs', ['create', 'list', 'delete']);
  add(home, 'coordination.k8s.io', 'leases', ['create', 'list', 'update', 'delete']);
  add(home, '', 'configmaps', ['create', 'list', 'update', 'delete']);
  const byText = new Map(rights.map((right) => [rightText(right), right]));
  return [...byText.values()];
}

export function rightText({ namespace, verb, group, resource, subresource }: Right): string {
  const name = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${group === '' ? name : `${name}.${group}`} in ${namespace}`;
}

/** Those that the account lacks, by asking the API server about each; changes nothing. */
export async function missingRights(cluster: Cluster, rights: readonly Right[]): Promise<Right[]> {
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
