import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** Imports nothing but Node: agents run it in an image without packages. */

/** The annotation of a run's Lease in the agents' namespace that holds the signed orders for all nodes. */
export const ordersAnnotation = 'squall.dev/orders';

/** Names of what a run makes for its agents, in a namespace of their own. */
export const agentNames = {
  owner: 'owner',
  lease: 'runner',
  account: 'agent',
  set: 'agent',
  statusKey: 'status',
} as const;

/** The ConfigMap in which the agent of a node tells what it does. */
export function statusName(node: string): string {
  return `agent-${node}`;
}

/** What of a pod's traffic is meant: TCP packets of one chain with this port at one end, and this peer at the other. */
export interface Flow {
  chain: 'INPUT' | 'OUTPUT';
  portOf: 'source' | 'destination';
  port: number;
  /** The peer's IPv4 address; undefined: whoever it is. */
  address?: string;
}

export type NetworkEffect =
  | { kind: 'drop' }
  | { kind: 'loss'; ratio: number }
  /** Of what the pod sends only. */
  | { kind: 'rate'; bytesPerS: number }
  | { kind: 'delay'; latencyMs: number; jitterMs: number };

export type Act =
  | { kind: 'network'; flows: Flow[]; effect: NetworkEffect }
  | { kind: 'pause'; container: string }
  | { kind: 'signal'; container: string; signal: string };

/** One thing to be done to one pod on its node. */
export interface Order {
  /** Twelve hexadecimal digits: also in the names of chains and lists. */
  id: string;
  node: string;
  podUid: string;
  /** From when the agent first sees it until it must be gone, ms; of no meaning to a signal. */
  holdMs: number;
  act: Act;
}

/** As it stands in the Lease: bound to this very Lease by its uid, so that no copy of it is worth anything. */
export interface SignedOrder {
  text: string;
  signature: string;
}

/** The keys of one run. Only the runner has the private one, in memory; the agents are started with the other. */
export interface OrderKeys {
  /** DER, base64. */
  publicKey: string;
  sign(order: Order, leaseUid: string): SignedOrder;
}

export function makeOrderKeys(): OrderKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    sign: (order, leaseUid) => {
      const text = JSON.stringify({ lease: leaseUid, order });
      return { text, signature: sign(null, Buffer.from(text), privateKey).toString('base64') };
    },
  };
}

/** What stands in an annotation, signed or not; what is no list of orders is none. */
export function parseOrders(annotation: string | undefined): SignedOrder[] {
  const list = parseJson(annotation);
  if (!Array.isArray(list)) return [];
  return list.filter((one): one is SignedOrder => isText(one?.text) && isText(one?.signature));
}

/** Of those, the ones that the run's own key signed for this Lease and that are well formed; others are passed over. */
export function trustedOrders(
  annotation: string | undefined,
  bound: { publicKey: string; leaseUid: string },
): Order[] {
  const key = createPublicKey({ key: Buffer.from(bound.publicKey, 'base64'), format: 'der', type: 'spki' });
  return parseOrders(annotation).flatMap(({ text, signature }) => {
    if (!verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))) return [];
    const { lease, order } = fieldsOf(parseJson(text));
    return lease === bound.leaseUid && isOrder(order) ? [order] : [];
  });
}

/** The id of an order in its annotation; undefined where the text is none of ours. */
export function orderIdOf({ text }: SignedOrder): string | undefined {
  const { id } = fieldsOf(fieldsOf(parseJson(text)).order);
  return isText(id) ? id : undefined;
}

export interface OrderOutcome {
  /** held: in place; ended: undone and read back; failed: could not be done, and nothing of it is there. */
  state: 'held' | 'ended' | 'failed';
  detail: string;
  packets?: number;
  bytes?: number;
}

/** What an agent says of itself, in the ConfigMap of its node. */
export interface AgentStatus {
  /** It has seen the Lease renewed, so it can act. */
  ready: boolean;
  /** What this node lacks, by kind of act. */
  lacks: Record<string, string>;
  orders: Record<string, OrderOutcome>;
}

/** Undefined until the agent has written its first one. */
export function parseStatus(text: string | undefined): AgentStatus | undefined {
  const { ready, lacks, orders } = fieldsOf(parseJson(text));
  if (typeof ready !== 'boolean') return undefined;
  return {
    ready,
    lacks: fieldsOf(lacks) as AgentStatus['lacks'],
    orders: fieldsOf(orders) as AgentStatus['orders'],
  };
}

const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGABRT', 'SIGSEGV'];

/** Nothing else ever reaches a command of the node: every word is one of a few, a number, or hexadecimal digits. */
function isOrder(value: unknown): value is Order {
  const { id, node, podUid, holdMs, act } = fieldsOf(value);
  if (!matches(id, /^[0-9a-f]{12}$/) || !isText(node) || !matches(podUid, /^[0-9a-f-]{36}$/)) return false;
  return typeof holdMs === 'number' && holdMs > 0 && holdMs < 1e9 && isAct(fieldsOf(act));
}

function isAct(act: Record<string, unknown>): boolean {
  const container = matches(act.container, /^[0-9a-f]{64}$/);
  switch (act.kind) {
    case 'pause':
      return container;
    case 'signal':
      return container && isText(act.signal) && signals.includes(act.signal);
    case 'network':
      return Array.isArray(act.flows) && act.flows.every(isFlow) && isEffect(fieldsOf(act.effect));
    default:
      return false;
  }
}

function isFlow(value: unknown): boolean {
  const { chain, portOf, port, address } = fieldsOf(value);
  if (chain !== 'INPUT' && chain !== 'OUTPUT') return false;
  if (portOf !== 'source' && portOf !== 'destination') return false;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) return false;
  return address === undefined || (isText(address) && isIPv4(address));
}

function isEffect({ kind, ratio, bytesPerS, latencyMs, jitterMs }: Record<string, unknown>): boolean {
  switch (kind) {
    case 'drop':
      return true;
    case 'loss':
      return isBetween(ratio, Number.MIN_VALUE, 1);
    case 'rate':
      return isBetween(bytesPerS, 1, 1e10);
    case 'delay':
      return isBetween(latencyMs, 0, 1e6) && isBetween(jitterMs, 0, 1e6);
    default:
      return false;
  }
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function matches(value: unknown, pattern: RegExp): boolean {
  return isText(value) && pattern.test(value);
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // not ours
  }
}
