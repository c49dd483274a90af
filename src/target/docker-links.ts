import type { DockerEngine } from './docker-client.ts';
import { addressOf, attach, detach } from './docker-endpoints.ts';
import type { Berth } from './docker-layout.ts';
import type { ContainerEndpoint, LinkEffect, LinkPower } from './target.ts';

/**
 * A container's power over its links. A partition in both directions takes it off the network of the link, as
 * `docker network disconnect` does; a guard can undo that without us. Everything else is the work of a proxy of ours, and
 * so is a partition in one direction, which a network cannot do.
 */
export function dockerLinkPower(options: {
  engine: DockerEngine;
  berths: readonly Berth[];
  /** By network. */
  endpoints: ReadonlyMap<string, ContainerEndpoint>;
  proxied: LinkPower | undefined;
}): LinkPower {
  const { engine, proxied } = options;
  const cuts = cutsOf(options.berths, options.endpoints);
  const endpointsOf = (peer: string) => cuts.get(peer) ?? [];
  const offNow = async (peer: string) => {
    const found = await Promise.all(
      endpointsOf(peer).map(async (endpoint) => ({ endpoint, at: await addressOf(engine, endpoint) })),
    );
    return found.filter(({ at }) => at === undefined).map(({ endpoint }) => endpoint);
  };
  return {
    peers: () => [...cuts.keys()],
    outlives: (peer, effect) => (isWhole(effect) ? endpointsOf(peer) : []),
    set: async (peer, effect) => {
      if (effect !== undefined && isWhole(effect)) {
        for (const endpoint of endpointsOf(peer)) await detach(engine, endpoint);
        return;
      }
      for (const endpoint of await offNow(peer)) await attach(engine, endpoint);
      await proxied?.set(peer, effect);
    },
    proof: async (peer) => {
      const off = await offNow(peer);
      if (off.length === 0)
        return (await proxied?.proof(peer)) ?? { affectedBytes: 0, affectedConnections: 0 };
      const where = off.map(({ address }) => address).join(', ');
      return {
        affectedBytes: 0,
        affectedConnections: off.length,
        sentence: `off the network to ${peer} (${where}): the daemon says so, and no route leads around it`,
      };
    },
  };
}

function isWhole(effect: LinkEffect): boolean {
  return effect.kind === 'partition' && effect.direction === 'both';
}

function cutsOf(
  berths: readonly Berth[],
  endpoints: ReadonlyMap<string, ContainerEndpoint>,
): Map<string, ContainerEndpoint[]> {
  const cuts = new Map<string, ContainerEndpoint[]>();
  for (const { network, peers } of berths) {
    const endpoint = endpoints.get(network);
    if (endpoint === undefined) continue;
    for (const peer of peers) cuts.set(peer, [...(cuts.get(peer) ?? []), endpoint]);
  }
  return cuts;
}
