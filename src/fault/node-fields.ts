import { z } from 'zod';
import type { NodePower } from '../target/cluster-powers.ts';
import type { RightsRule } from '../target/kubernetes-rights.ts';
import type { Member } from '../target/target.ts';

/** What faults on nodes have in common. */
export const nodeFields = {
  ownPath: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe("whether a node may be taken that carries squall's own pods, squall itself or the API server"),
};

/** Of the whole cluster: k8s/squall/nodes.yaml. */
export const nodeRules: readonly RightsRule[] = [
  { group: '', resource: 'nodes', verbs: ['get', 'patch'], scope: 'cluster' },
  { group: '', resource: 'pods', verbs: ['list'], scope: 'cluster' },
];

const path = '/spec/unschedulable';
/** With it no pod is put on the node that does not tolerate it; those that are there stay. */
export const cordon = [{ path, value: true }];

/** Why this node may not be cordoned now, or undefined. */
export async function cordonRefusal(
  member: Member,
  { ownPath }: { ownPath: 'refuse' | 'allow' },
): Promise<string | undefined> {
  const node = nodeOf(member);
  if (await isCordoned(member)) return `${node.object.id} is cordoned already, and not by this run`;
  const carried = await node.ownPath();
  if (ownPath === 'refuse' && carried.length > 0)
    return `${node.object.id} carries ${carried.join(', ')}: ownPath: allow takes it all the same`;
  return node.object.refusal(cordon);
}

export async function isCordoned(member: Member): Promise<boolean> {
  return (await nodeOf(member).object.read(path)) === true;
}

/** What of squall's own way the node carries, as the end of a sentence; empty where it carries nothing. */
export async function carriedWords(member: Member): Promise<string> {
  const carried = await nodeOf(member).ownPath();
  return carried.length === 0 ? '' : `; it carries ${carried.join(', ')}, as the scenario allows`;
}

export function nodeOf({ node, name }: Member): NodePower {
  if (node === undefined) throw new Error(`${name} is no node`);
  return node;
}
