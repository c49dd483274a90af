import type { ErrorParts } from '../base/errors.ts';
import { type Cluster, orAbsent } from './kubernetes-client.ts';
import type { Need } from './kubernetes-rights.ts';

/** Custom resources that faults need and the API server does not know. Whoever may ask it anything may ask this. */
export async function missingResources(cluster: Cluster, needs: readonly Need[]): Promise<ErrorParts[]> {
  const asked = needs.flatMap(({ rules }) =>
    rules.flatMap(({ group, version, resource }) =>
      version === undefined ? [] : [{ group, version, resource }],
    ),
  );
  const byName = new Map(asked.map((one) => [`${one.resource}.${one.group}`, one]));
  const found = [...byName].map(async ([name, { group, version, resource }]): Promise<ErrorParts[]> => {
    const served = await orAbsent(cluster.custom.getAPIResources({ group, version }));
    if (served?.resources.some((one) => one.name === resource) === true) return [];
    return [
      {
        code: 'SQ-CRD-MISSING',
        what: `the cluster has no CRD ${name}`,
        where: `context ${cluster.context}`,
        expected: `${name} in version ${version}`,
        next: `install what brings it, or use another way than this: kubectl --context ${cluster.context} get crd`,
      },
    ];
  });
  return (await Promise.all(found)).flat();
}
