import type { V1OwnerReference } from '@kubernetes/client-node';
import type { LinkEnds } from './agent-link.ts';
import { chaosRefusal, chaosSpec, isInjected, networkChaos } from './chaos-mesh.ts';
import { orAbsent, reasonOf } from './kubernetes-client.ts';
import { holdOrUndo } from './kubernetes-record.ts';
import { type Cut, type LinkedPod, type LinkMaker, madeLink } from './made-link.ts';
import type { LinkPower } from './target.ts';

/** Links of a pod, acted on by Chaos Mesh where it is installed. */
export function chaosLink(pod: LinkedPod, ends: LinkEnds): LinkPower {
  const { namespace } = pod;
  const { cluster, record } = pod.access;
  const { custom } = cluster;
  const remove = (name: string) =>
    orAbsent<unknown>(custom.deleteNamespacedCustomObject({ ...networkChaos, namespace, name }));
  const create = (cut: Cut, how: { owner?: V1OwnerReference; dryRun?: string }) => {
    const { owner, ...dry } = how;
    const body = bodyOf(cut, pod, owner);
    return custom.createNamespacedCustomObject({ ...networkChaos, namespace, body, ...dry });
  };
  const maker: LinkMaker = {
    kind: 'NetworkChaos',
    refusal: async (cut) => {
      const why = chaosRefusal(cut.end, cut.effect);
      if (why !== undefined) return why;
      try {
        await create(cut, { dryRun: 'All' });
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
    strike: async (cut, owner) => {
      // Refused when the run holds its record no longer: a runner that was held still makes nothing anew.
      await record.write({ fault: cut.effect.kind, strikes: cut.name, namespace });
      await create(cut, { owner });
      await holdOrUndo(record, () => remove(cut.name));
    },
    idle: async (name) => {
      const at = { ...networkChaos, namespace, name };
      const found = await orAbsent<unknown>(custom.getNamespacedCustomObject(at));
      if (found === undefined) return `NetworkChaos ${name} is gone`;
      const injected = isInjected(found);
      if (injected === true) return undefined;
      return injected === undefined
        ? `NetworkChaos ${name} is there and nobody has followed it; see whether the controller of Chaos Mesh runs`
        : `NetworkChaos ${name} is not injected; kubectl -n ${namespace} describe networkchaos says why`;
    },
    doubt: 'Chaos Mesh says that it is injected, and it cuts nothing of this',
  };
  return madeLink(pod, ends, maker);
}

function bodyOf({ name, labels, end, effect, holdMs }: Cut, pod: LinkedPod, owner?: V1OwnerReference) {
  if (effect.kind === 'reset') throw new Error('Chaos Mesh resets no connections');
  return {
    apiVersion: `${networkChaos.group}/${networkChaos.version}`,
    kind: 'NetworkChaos',
    metadata: { name, labels, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
    spec: chaosSpec({ pod, end, effect, holdMs }),
  };
}
