import type { V1LabelSelector } from '@kubernetes/client-node';
import type { Flow } from './node-order.ts';

/** Which end of a link a pod is, and where the other one is. */
export interface LinkEnd {
  /** client: it connects to the peer; server: the peer connects to it. */
  role: 'client' | 'server';
  /** The server's. */
  ports: readonly number[];
  /** IPv4 of the peer; none: whoever it is. */
  addresses: readonly string[];
  /** The peer's pods, where it is pods. */
  pods?: PodSelection;
}

export interface PodSelection {
  namespace: string;
  selector: V1LabelSelector;
}

/** The packets of a link in a direction, as the pod's own network sees them: `to` is what the pod sends. */
export function flowsOf({ role, ports, addresses }: LinkEnd, direction: 'to' | 'from' | 'both'): Flow[] {
  const peers: { address?: string }[] =
    addresses.length === 0 ? [{}] : addresses.map((address) => ({ address }));
  const sent: Pick<Flow, 'chain' | 'portOf'> = {
    chain: 'OUTPUT',
    portOf: role === 'client' ? 'destination' : 'source',
  };
  const received: Pick<Flow, 'chain' | 'portOf'> = {
    chain: 'INPUT',
    portOf: role === 'client' ? 'source' : 'destination',
  };
  const ways = { to: [sent], from: [received], both: [sent, received] }[direction];
  return ways.flatMap((way) => ports.flatMap((port) => peers.map((peer) => ({ ...way, port, ...peer }))));
}
