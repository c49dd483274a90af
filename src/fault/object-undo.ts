import { withinMs } from '../target/docker-client.ts';
import { isChanged, restoreObject } from '../target/kubernetes-change.ts';
import { reasonOf } from '../target/kubernetes-client.ts';
import { connectCluster } from '../target/kubernetes-connect.ts';
import type { Undo } from './fault.ts';

type ObjectUndo = Extract<Undo, { kind: 'kubernetes-restore' }>;

/** An API server that hangs must not keep the other undos of a run from being tried, ms. */
const answerMs = 20_000;

/** Puts an object of a cluster back. Rejects when the API server refuses or does not answer. */
export async function restoreInCluster({ cluster: ref, ...restore }: ObjectUndo): Promise<string> {
  return withinMs(answerMs, restoreObject(await connectCluster(ref), restore));
}

/** Whether it is still changed, or undefined; an API server that does not answer is a remainder. */
export async function objectRemains({ cluster: ref, ...restore }: ObjectUndo): Promise<string | undefined> {
  const what = placeOf({ cluster: ref, ...restore });
  try {
    const changed = await withinMs(answerMs, isChanged(await connectCluster(ref), restore));
    return changed ? `${what} is changed` : undefined;
  } catch (error) {
    return `${what} cannot be asked: ${reasonOf(error)}`;
  }
}

/** Which object of which cluster, for people. */
export function placeOf({ cluster, object }: Pick<ObjectUndo, 'cluster' | 'object'>): string {
  const { kind, namespace, name } = object;
  return `${kind}/${name} in ${[cluster.context, namespace].filter((part) => part !== '').join('/')}`;
}
