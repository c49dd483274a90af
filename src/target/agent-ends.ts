import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { KubernetesMemberSpec } from '../scenario/types.ts';
import type { LinkEnd, PodSelection } from './agent-flows.ts';
import type { LinkEnds } from './agent-link.ts';
import { type Cluster, orAbsent } from './kubernetes-client.ts';
import { selectorText } from './kubernetes-workload.ts';

/** Of OTLP, where a Service or a pod has it. */
const otlpPorts = [4317, 4318];

/** What is needed to find the other end of each link of a member's pods. */
export interface LinkPlace {
  cluster: Cluster;
  group: string;
  members: Readonly<Record<string, KubernetesMemberSpec>>;
  /** IPv4 of the pods of a member, as last seen. */
  podsOf(group: string): string[];
  /** By what the pods of a member are selected. */
  selectionOf(group: string): PodSelection | undefined;
  /** HOST:PORT at which pods reach the sink; none without one. */
  sink: readonly string[];
  /** Where the sink is a pod. */
  sinkPods?: PodSelection;
}

/** Where a member's pods send to, and who sends to them. */
export function linkEnds(place: LinkPlace): LinkEnds {
  const { group, members, podsOf, sink, sinkPods, cluster } = place;
  const like = (pods: PodSelection | undefined) => (pods === undefined ? {} : { pods });
  const own = members[group];
  const ends: LinkEnds = {};
  const next = own?.sendsTo;
  if (next === undefined && sink.length > 0) {
    ends.sink = async () => ({
      role: 'client',
      ports: sink.map(portOf),
      addresses: await addressesOf(cluster, sink.map(hostOf)),
      ...like(sinkPods),
    });
  }
  if (next !== undefined) {
    const spec = members[next];
    ends[next] = async (): Promise<LinkEnd> => {
      const service = spec?.otlp !== undefined && 'service' in spec.otlp ? spec.otlp.service : undefined;
      const host = service === undefined ? [] : [`${service}.${spec?.namespace}.svc`];
      const addresses = [...(await addressesOf(cluster, host)), ...podsOf(next)];
      const pods = like(place.selectionOf(next));
      return { role: 'client', ports: otlpPorts, addresses: [...new Set(addresses)], ...pods };
    };
  }
  const senders = Object.keys(members).filter((name) => members[name]?.sendsTo === group);
  for (const sender of senders)
    ends[sender] = async () => ({
      role: 'server',
      ports: otlpPorts,
      addresses: podsOf(sender),
      ...like(place.selectionOf(sender)),
    });
  // Behind a Service the load comes from any node's address.
  if (senders.length === 0) ends.load = async () => ({ role: 'server', ports: otlpPorts, addresses: [] });
  return ends;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

async function addressesOf(cluster: Cluster, hosts: readonly string[]): Promise<string[]> {
  const found = await Promise.all([...new Set(hosts)].map((host) => resolve(cluster, host)));
  return [...new Set(found.flat())].filter(isIPv4);
}

/** Inside a pod a Service still has its own address; one without it leads straight to its pods. */
async function resolve(cluster: Cluster, host: string): Promise<string[]> {
  if (host === '' || host === '0.0.0.0' || host === '::') return ownAddresses();
  if (isIPv4(host)) return [host];
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/.exec(host) ?? [];
  if (name === undefined || namespace === undefined)
    return (await lookup(host, { all: true, family: 4 })).map(({ address }) => address);
  const service = await orAbsent(cluster.core.readNamespacedService({ name, namespace }));
  const labelSelector = selectorText({ matchLabels: service?.spec?.selector ?? {} });
  const pods =
    labelSelector === ''
      ? []
      : (await cluster.core.listNamespacedPod({ namespace, labelSelector })).items.map(
          ({ status }) => status?.podIP ?? '',
        );
  return [service?.spec?.clusterIP ?? '', ...pods];
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
}
