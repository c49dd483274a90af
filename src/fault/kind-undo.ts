import { deleteKindCluster, hasKindCluster } from '../target/kind-command.ts';
import type { Undo } from './fault.ts';

type KindUndo = Extract<Undo, { kind: 'kind-cluster' }>;

/** Rejects when kind cannot be run or the cluster stays. */
export async function removeKind({ name }: KindUndo): Promise<string> {
  return (await deleteKindCluster(name)) === 'gone' ? `cluster ${name} is gone` : `cluster ${name} deleted`;
}

/** A cluster that kind still knows, or undefined; a kind that cannot be asked is a remainder. */
export async function kindRemains({ name }: KindUndo): Promise<string | undefined> {
  try {
    return (await hasKindCluster(name)) ? `kind cluster ${name} exists` : undefined;
  } catch (error) {
    return `kind cannot be asked about ${name}: ${error instanceof Error ? error.message : error}`;
  }
}

/** Contexts of clusters that were made for a run and are gone with all that was in them. */
export async function goneContexts(undos: readonly Undo[]): Promise<Set<string>> {
  const made = undos.filter((undo) => undo.kind === 'kind-cluster');
  const left = await Promise.all(made.map(kindRemains));
  return new Set(made.filter((_, index) => left[index] === undefined).map(({ name }) => `kind-${name}`));
}
