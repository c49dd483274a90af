import type { V1Secret } from '@kubernetes/client-node';
import { SquallError } from '../base/errors.ts';
import { type Cluster, orAbsent, statusOf } from './kubernetes-client.ts';
import { makeOwn, type OwnPods, ownLabels } from './kubernetes-own-pods.ts';
import type { Need } from './kubernetes-rights.ts';

/** As kubectl create secret docker-registry makes them; nodes pass over every other type without a word. */
const pullTypes = ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'];

/** What it takes to give agents, which stand in a namespace of their own, the Secrets of the target's. */
export function copyNeeds(names: readonly string[]): Need[] {
  if (names.length === 0) return [];
  return [
    {
      home: true,
      rules: [
        { group: '', resource: 'secrets', verbs: ['get'], names },
        { group: '', resource: 'secrets', verbs: ['create'], scope: 'cluster' },
      ],
    },
  ];
}

/**
 * The Secrets that squall's image is pulled with. Throws SQ-PRECONDITION with every name that stands for none. One that
 * the account may not read is left out: its pods name it all the same, and their nodes say what they found.
 */
export async function findPullSecrets(
  cluster: Cluster,
  { namespace, names }: { namespace: string; names: readonly string[] },
): Promise<V1Secret[]> {
  const looks = await Promise.all(
    names.map(async (name) => {
      const secret = await readSecret(cluster, { namespace, name });
      return secret === 'not known' ? [] : [{ name, secret }];
    }),
  );
  const found = looks.flat();
  const [first, ...others] = found.flatMap(({ name, secret }) => {
    if (pullTypes.includes(secret?.type ?? '')) return [];
    return [noPullSecret(cluster, { namespace, name, type: secret?.type })];
  });
  if (first !== undefined) throw new SquallError(first, { others });
  return found.flatMap(({ secret }) => secret ?? []);
}

async function readSecret(
  cluster: Cluster,
  at: { namespace: string; name: string },
): Promise<V1Secret | undefined | 'not known'> {
  try {
    return await orAbsent(cluster.core.readNamespacedSecret(at));
  } catch (error) {
    if (statusOf(error) === 403) return 'not known';
    throw error;
  }
}

function noPullSecret(
  { context }: Cluster,
  { namespace, name, type }: { namespace: string; name: string; type: string | undefined },
): SquallError['parts'] {
  return {
    code: 'SQ-PRECONDITION',
    what:
      type === undefined
        ? `there is no Secret ${name} to pull squall's image with`
        : `the Secret ${name} is not for pulling images`,
    where: `context ${context}, namespace ${namespace}`,
    expected: `a Secret of type ${pullTypes[0]}`,
    found: type ?? 'none of this name',
    next: `kubectl --context ${context} -n ${namespace} create secret docker-registry ${name} --docker-server=...`,
  };
}

/** Puts them beside pods of squall's in another namespace; they go with it. */
export async function copyPullSecrets(own: OwnPods, secrets: readonly V1Secret[]): Promise<void> {
  const { cluster, namespace, owner } = own;
  const labels = ownLabels(own, 'agent');
  for (const { metadata, type = '', data = {} } of secrets) {
    const name = metadata?.name ?? '';
    const body = { metadata: { name, labels, ownerReferences: [owner] }, type, data };
    await makeOwn(own, `the Secret ${name}`, () => cluster.core.createNamespacedSecret({ namespace, body }));
  }
}
