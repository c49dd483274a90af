import { z } from 'zod';
import type { FaultRights } from '../target/kubernetes-rights.ts';
import type { LinkEffect, LinkPower, LinkProof, Member } from '../target/target.ts';
import type { Fault, Undo } from './fault.ts';

/** Fields that every fault on a link has. */
export const linkFields = {
  peer: z
    .string()
    .min(1)
    .default('load')
    .describe('other end of the link: load, sink, or the name of a member'),
};
export const directionField = z
  .enum(['to', 'from', 'both'])
  .default('both')
  .describe('to: what the member sends to the peer; from: what the peer sends to it');
/** How it is done in a cluster, besides by an agent. */
export const viaField = z
  .enum(['agent', 'chaos-mesh'])
  .default('agent')
  .describe("who does it in a cluster: squall's agent on the node, or Chaos Mesh where that is installed");

interface LinkParams {
  peer: string;
  via?: 'agent' | 'policy' | 'chaos-mesh';
}

/** What every fault on a link shares: it sets one effect on the link, by whoever can there, and takes it away. */
export function linkFault<P extends LinkParams>(kind: {
  kind: string;
  summary: string;
  params: z.ZodType<P>;
  oneShot: boolean;
  effectWithinMs?: number;
  effectOf(params: P): LinkEffect;
  /** Default: where squall's proxies are. */
  targets?: string[];
  rights?: readonly FaultRights[];
}): Fault<P> {
  const { effectOf, targets = ['local', 'docker'], ...rest } = kind;
  return {
    ...rest,
    needs: { targets, power: 'link' },
    precondition: async (member, params) => {
      const link = linkOf(member, params);
      const peers = link?.peers() ?? [];
      const { peer } = params;
      if (peers.includes(peer)) return link?.refusal?.(peer, effectOf(params));
      return `${member.name} has no link to ${peer}; it has ${peers.join(', ') || 'none'}`;
    },
    // What is cut once stays cut: only an effect that lasts has something to undo.
    undo: async (member, params) => {
      if (rest.oneShot) return [];
      const undos = await undosOf(linkOf(member, params), params.peer, effectOf(params));
      if (undos.length > 0) return undos;
      return [{ kind: 'in-process', what: `${rest.kind} between ${member.name} and ${params.peer}` }];
    },
    inject: async (member, params, { deadlineMs, memory, clock }) => {
      const link = powerOf(member, params);
      const effect = effectOf(params);
      if (link.prepare !== undefined) {
        await link.prepare(params.peer, effect, deadlineMs);
        memory.set('injectedNs', clock.nowNs());
      }
      await link.set(params.peer, effect, deadlineMs);
    },
    effect: async (member, params) => {
      const { peer } = params;
      const proof = await powerOf(member, params).proof(peer);
      if (!isStruck(proof)) return undefined;
      const { affectedBytes, affectedConnections, sentence } = proof;
      return (
        sentence ??
        `${affectedBytes} bytes and ${affectedConnections} connections between ${member.name} and ${peer} struck`
      );
    },
    noEffect: async (member, params) => (await powerOf(member, params).proof(params.peer)).sentence,
    recover: async (member, params) => powerOf(member, params).set(params.peer, undefined),
    // Read back from who did it: without an effect there is nothing to count.
    absence: async (member, params) => {
      const proof = await powerOf(member, params).proof(params.peer);
      return isStruck(proof) ? undefined : `the link to ${params.peer} is free`;
    },
  };
}

/** What outlives this process, by its kind; none: the effect ends with it. */
async function undosOf(link: LinkPower | undefined, peer: string, effect: LinkEffect): Promise<Undo[]> {
  const order = link?.order?.(peer);
  if (order !== undefined) return [{ kind: 'agent-order', ...order }];
  const plan = await link?.plan?.(peer);
  if (plan !== undefined) {
    const { made, restore } = plan;
    const changed: Undo[] = restore === undefined ? [] : [{ kind: 'kubernetes-restore', ...restore }];
    return [...changed, { kind: 'kubernetes-made', ...made }];
  }
  const outlives = link?.outlives?.(peer, effect) ?? [];
  return outlives.map((endpoint) => ({ kind: 'docker-connect', ...endpoint }));
}

function isStruck({ struck, affectedBytes, affectedConnections }: LinkProof): boolean {
  return struck ?? affectedBytes + affectedConnections > 0;
}

function linkOf(member: Member, { via = 'agent' }: LinkParams): LinkPower | undefined {
  return via === 'agent' ? member.link : member.links?.[via];
}

function powerOf(member: Member, params: LinkParams): LinkPower {
  const link = linkOf(member, params);
  if (link === undefined) throw new Error(`${member.name} has no link that squall can act on`);
  return link;
}
