import type { CollectorSpec } from '../scenario/types.ts';
import { entryGroups, startOrder } from './local-order.ts';

/** A network that a replica is on, and the peers it reaches there: load, sink, or a replica by group and name. */
export interface Berth {
  network: string;
  peers: string[];
}

/** One container of the target: where it is and what it sends to. */
export interface DockerReplica {
  name: string;
  group: string;
  index: number;
  /** Name of the replica it sends to; undefined: the sink. */
  next?: string;
  entry: boolean;
  berths: Berth[];
}

/**
 * Every container's default route leads into this network and ends there: the kernel takes packets for any of this
 * machine's addresses on any bridge, so that otherwise a container cut from the sink's network would reach the sink
 * through another one.
 */
export const nowhere = 'nowhere';
/** Health, metrics and Prometheus; no fault cuts it. */
export const watch = 'watch';
const load = 'load';
export const sink = 'sink';

/**
 * Who is on which network, receivers first. One network per link: the load's, the sink's, and one for each replica
 * that sends to another. Of n next replicas, replica i sends to the (i mod n)-th. Pure.
 */
export function layOut(groups: Readonly<Record<string, CollectorSpec>>): DockerReplica[] {
  const entries = entryGroups(groups);
  const replicas = startOrder(groups).flatMap((group) => {
    const { replicas: count = 1, sendsTo } = groups[group] ?? {};
    const receivers = sendsTo === undefined ? 0 : (groups[sendsTo]?.replicas ?? 1);
    return Array.from({ length: count }, (_, index): DockerReplica => {
      const name = `${group}-${index}`;
      const next = sendsTo === undefined ? undefined : `${sendsTo}-${index % receivers}`;
      const berths: Berth[] = [
        { network: nowhere, peers: [] },
        { network: watch, peers: [] },
        ...(entries.includes(group) ? [{ network: load, peers: ['load'] }] : []),
        next === undefined || sendsTo === undefined
          ? { network: sink, peers: ['sink'] }
          : { network: linkOf(name), peers: [sendsTo, next] },
      ];
      return {
        name,
        group,
        index,
        ...(next === undefined ? {} : { next }),
        entry: entries.includes(group),
        berths,
      };
    });
  });
  for (const client of replicas) {
    const server = replicas.find(({ name }) => name === client.next);
    server?.berths.push({ network: linkOf(client.name), peers: [client.group, client.name] });
  }
  return replicas;
}

/** Every network of a layout, each once. */
export function networksOf(replicas: readonly DockerReplica[]): string[] {
  return [
    ...new Set([
      nowhere,
      watch,
      load,
      sink,
      ...replicas.flatMap(({ berths }) => berths.map((one) => one.network)),
    ]),
  ];
}

export function linkOf(client: string): string {
  return `link-${client}`;
}
