import { type LinkHandle, linkPower, type StartProxy } from './link.ts';
import type { LinkAddresses } from './local-seat.ts';
import type { LinkEffect, LinkPower } from './target.ts';

/** One end of a link: a replica and its group, or the load or the sink, which are both. */
export interface LinkEnd {
  name: string;
  group: string;
}

export const loadEnd: LinkEnd = { name: 'load', group: 'load' };
export const sinkEnd: LinkEnd = { name: 'sink', group: 'sink' };

/** A link that some fault acts on; an empty member means any. */
export interface WantedLink {
  member: string;
  peer: string;
}

export interface Links {
  /** The addresses that `client` has to use to reach `server`: its own, or those of a proxy on `listen` before them. */
  between(
    client: LinkEnd,
    server: LinkEnd,
    addresses: LinkAddresses,
    listen?: string,
  ): Promise<LinkAddresses>;
  /** What a fault can do to the links of this member; undefined when none of them is proxied. */
  power(member: string): LinkPower | undefined;
  close(): Promise<void>;
}

/** Puts a proxy into those links that the plan has a fault for, and into no other: nothing else costs anything. */
export function createLinks(wanted: readonly WantedLink[], startProxy: StartProxy): Links {
  const powers = new Map<string, Map<string, LinkHandle[]>>();
  let proxy: ReturnType<StartProxy> | undefined;
  const register = (end: LinkEnd, peer: LinkEnd, link: LinkHandle) => {
    const peers = powers.get(end.name) ?? new Map<string, LinkHandle[]>();
    powers.set(end.name, peers);
    for (const name of new Set([peer.group, peer.name])) peers.set(name, [...(peers.get(name) ?? []), link]);
  };
  const open = async (client: LinkEnd, server: LinkEnd, address: string, at: { listen?: string }) => {
    const [host = '', port = ''] = splitAddress(address);
    proxy ??= startProxy();
    const opened = await (await proxy).listen({ host, port: Number(port), memberIs: 'client', ...at });
    register(client, server, opened.link);
    register(server, client, turned(opened.link));
    return opened.address;
  };
  return {
    between: async (client, server, addresses, listen) => {
      const meant = wanted.some((link) => joins(link, client, server) || joins(link, server, client));
      if (!meant) return addresses;
      const at = listen === undefined ? {} : { listen };
      return {
        grpc: await open(client, server, addresses.grpc, at),
        http: await open(client, server, addresses.http, at),
      };
    },
    power: (member) => {
      const peers = powers.get(member);
      return peers === undefined ? undefined : linkPower(peers);
    },
    close: async () => (await proxy)?.close(),
  };
}

function joins(link: WantedLink, member: LinkEnd, peer: LinkEnd): boolean {
  const isMember = link.member === '' || link.member === member.group || link.member === member.name;
  return isMember && (link.peer === peer.group || link.peer === peer.name);
}

/** The same link seen from its other end: what one calls `to` the other calls `from`. */
function turned(link: LinkHandle): LinkHandle {
  return { set: (effect) => link.set(turnedEffect(effect)), proof: link.proof };
}

export function turnedEffect(effect: LinkEffect | undefined): LinkEffect | undefined {
  if (effect === undefined || effect.kind === 'reset' || effect.direction === 'both') return effect;
  return { ...effect, direction: effect.direction === 'to' ? 'from' : 'to' };
}

/** HOST:PORT; an IPv6 host stands in brackets. */
function splitAddress(address: string): [string, string] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), address.slice(colon + 1)];
}
