import type { V1NetworkPolicy, V1OwnerReference } from '@kubernetes/client-node';
import type { LinkEnds } from './agent-link.ts';
import { cutPolicy, policyRefusal } from './cut-policy.ts';
import { reasonOf } from './kubernetes-client.ts';
import { pointerPart } from './kubernetes-object.ts';
import { type Cut, type LinkedPod, type LinkMaker, madeLink } from './made-link.ts';
import type { LinkPower, ObjectPower } from './target.ts';

/** On a pod while a policy of squall's selects it, with the policy's name. */
export const cutLabel = 'squall.dev/cut';
const labelPath = `/metadata/labels/${pointerPart(cutLabel)}`;

/** A policy selects nobody until the pod gets the label that it selects by: one write, and the cut is there. */
export function policyLink(pod: LinkedPod, ends: LinkEnds, object: ObjectPower): LinkPower {
  const { namespace } = pod;
  const { cluster } = pod.access;
  const fields = (name: string) => [{ path: labelPath, value: name }];
  const create = (cut: Cut, how: { owner?: V1OwnerReference; dryRun?: string }) => {
    const { owner, ...dry } = how;
    return cluster.networking.createNamespacedNetworkPolicy({
      namespace,
      body: bodyOf(cut, pod, owner),
      ...dry,
    });
  };
  const maker: LinkMaker = {
    kind: 'NetworkPolicy',
    refusal: async (cut) => {
      if (cut.effect.kind !== 'partition') return `a NetworkPolicy can cut a link, and no ${cut.effect.kind}`;
      try {
        const { items } = await cluster.networking.listNamespacedNetworkPolicy({ namespace });
        const labels = pod.latest()?.metadata?.labels ?? {};
        const { end, effect, name } = cut;
        const { direction } = effect;
        const why = policyRefusal({ pod: pod.name, labels, end, direction, policies: items });
        if (why !== undefined) return why;
        await create(cut, { dryRun: 'All' });
        return await object.refusal(fields(name));
      } catch (error) {
        return reasonOf(error);
      }
    },
    restore: (name) => object.undo(fields(name)),
    prepare: async (cut, owner) => void (await create(cut, { owner })),
    strike: ({ name, effect }) => object.change(effect.kind, fields(name)),
    doubt:
      "the cluster's network lets connections go on that were open before, and a policy stops only new ones; " +
      'via: agent cuts open ones too',
  };
  return madeLink(pod, ends, maker);
}

function bodyOf(cut: Cut, pod: LinkedPod, owner: V1OwnerReference | undefined): V1NetworkPolicy {
  const { name, labels, end } = cut;
  const ipv6 = pod.latest()?.status?.podIPs?.some(({ ip }) => ip?.includes(':')) ?? false;
  return {
    metadata: { name, labels, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    spec: cutPolicy(end, { label: { [cutLabel]: name }, ipv6 }),
  };
}
