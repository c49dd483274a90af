import { z } from 'zod';
import type { FaultRights } from '../target/kubernetes-rights.ts';
import type { LinkEffect, Member } from '../target/target.ts';
import type { Fault } from './fault.ts';

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

interface LinkParams {
  peer: string;
}

/** What every fault on a link shares: it sets one effect on the proxy of the link, and takes it away. */
export function linkFault<P extends LinkParams>(kind: {
  kind: string;
  summary: string;
  params: z.ZodType<P>;
  oneShot: boolean;
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
      const peers = member.link?.peers() ?? [];
      const { peer } = params;
      if (peers.includes(peer)) return member.link?.refusal?.(peer, effectOf(params));
      return `${member.name} has no link to ${peer}; it has ${peers.join(', ') || 'none'}`;
    },
    // What is cut once stays cut: only an effect that lasts has something to undo.
    undo: async (member, params) => {
      if (rest.oneShot) return [];
      const order = member.link?.order?.(params.peer);
      if (order !== undefined) return [{ kind: 'agent-order', ...order }];
      const outlives = member.link?.outlives?.(params.peer, effectOf(params)) ?? [];
      if (outlives.length > 0) return outlives.map((endpoint) => ({ kind: 'docker-connect', ...endpoint }));
      return [{ kind: 'in-process', what: `${rest.kind} between ${member.name} and ${params.peer}` }];
    },
    inject: async (member, params, { deadlineMs }) =>
      powerOf(member).set(params.peer, effectOf(params), deadlineMs),
    effect: async (member, { peer }) => {
      const { affectedBytes, affectedConnections, sentence } = await powerOf(member).proof(peer);
      if (affectedBytes === 0 && affectedConnections === 0) return undefined;
      return (
        sentence ??
        `${affectedBytes} bytes and ${affectedConnections} connections between ${member.name} and ${peer} struck`
      );
    },
    recover: async (member, { peer }) => powerOf(member).set(peer, undefined),
    // Read back from the proxy: without an effect it counts nothing.
    absence: async (member, { peer }) => {
      const { affectedBytes, affectedConnections } = await powerOf(member).proof(peer);
      return affectedBytes + affectedConnections === 0 ? `the link to ${peer} is free` : undefined;
    },
  };
}

function powerOf(member: Member) {
  if (member.link === undefined) throw new Error(`${member.name} has no link that passes through squall`);
  return member.link;
}
