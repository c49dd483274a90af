import { flowsOf, type LinkEnd } from './agent-flows.ts';
import type { ActedPod } from './agent-process.ts';
import type { NetworkEffect } from './node-order.ts';
import type { LinkEffect, LinkPower, OrderRef } from './target.ts';

/** A link of a pod, looked up when it is acted on: addresses change. */
export type LinkEnds = Record<string, () => Promise<LinkEnd>>;

/** The links of a pod, acted on in the pod's own network by the agent of its node. */
export function podLink(pod: ActedPod & { name: string }, ends: LinkEnds): LinkPower {
  const { agents, node, uid } = pod;
  const next = new Map<string, OrderRef>();
  const held = new Map<string, OrderRef>();
  return {
    peers: () => Object.keys(ends),
    order: (peer) => {
      const planned = agents.plan();
      next.set(peer, planned);
      return planned;
    },
    refusal: async (_, effect) => {
      const asked = networkEffect(effect);
      if (asked === undefined) return `an agent cannot do ${effect.kind} on a link`;
      if (pod.latest()?.spec?.hostNetwork === true)
        return `${pod.name} is in the network of its node: cutting it would cut the node`;
      const slows = asked.kind === 'rate' || asked.kind === 'delay';
      if (slows && 'direction' in effect && effect.direction !== 'to')
        return `a node can slow only what a pod sends; the direction must be to, not ${effect.direction}`;
      const lack = await agents.lack(node, asked.kind);
      return lack === undefined ? undefined : `node ${node} cannot: ${lack}`;
    },
    set: async (peer, effect, holdMs = 0) => {
      const before = held.get(peer);
      if (effect === undefined) {
        if (before !== undefined) await agents.withdraw(before.order, node);
        held.delete(peer);
        return;
      }
      const asked = networkEffect(effect);
      const end = await ends[peer]?.();
      if (asked === undefined || end === undefined) throw new Error(`no ${effect.kind} on a link to ${peer}`);
      const { order } = next.get(peer) ?? agents.plan();
      held.set(peer, { ...agents.plan(), order });
      const flows = flowsOf(end, 'direction' in effect ? effect.direction : 'both');
      await agents.give({
        id: order,
        node,
        podUid: uid,
        holdMs,
        act: { kind: 'network', flows, effect: asked },
      });
    },
    proof: async (peer) => {
      const order = held.get(peer)?.order;
      const found = order === undefined ? undefined : await agents.outcome(order, node);
      const struck = found?.state === 'held' ? found : undefined;
      return {
        affectedBytes: struck?.bytes ?? 0,
        affectedConnections: 0,
        sentence: `between ${pod.name} and ${peer}: ${struck?.detail ?? 'nothing is in place'}`,
      };
    },
  };
}

/** What the rules of a node can do. */
function networkEffect(effect: LinkEffect): NetworkEffect | undefined {
  switch (effect.kind) {
    case 'partition':
      return { kind: 'drop' };
    case 'loss':
      return { kind: 'loss', ratio: effect.ratio };
    case 'bandwidth':
      return { kind: 'rate', bytesPerS: effect.bytesPerS };
    case 'delay':
      return { kind: 'delay', latencyMs: effect.latencyMs, jitterMs: effect.jitterMs };
    case 'reset':
      return undefined;
  }
}
