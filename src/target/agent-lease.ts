import type { V1Lease } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import type { AgentPods } from './agent-manifests.ts';
import { type Cluster, orAbsent, reasonOf, statusOf } from './kubernetes-client.ts';
import { ownLabels } from './kubernetes-own-pods.ts';
import { runLabel } from './kubernetes-record.ts';
import {
  type AgentStatus,
  agentNames,
  type Order,
  type OrderKeys,
  orderIdOf,
  ordersAnnotation,
  parseOrders,
  parseStatus,
  type SignedOrder,
  statusName,
} from './node-order.ts';

/** Where agents and their runner meet. */
export interface AgentPlace {
  cluster: Cluster;
  namespace: string;
}

export async function makeLease(own: AgentPods, clock: Clock): Promise<V1Lease> {
  const { cluster, namespace } = own;
  const metadata = {
    name: agentNames.lease,
    labels: ownLabels(own, 'agent'),
    ownerReferences: [own.owner],
  };
  const spec = {
    holderIdentity: 'squall-runner',
    leaseDurationSeconds: 15,
    renewTime: cluster.microTime(clock.wallMs()),
    leaseTransitions: 1,
  };
  return cluster.coordination.createNamespacedLease({ namespace, body: { metadata, spec } });
}

/** The run's Lease: renewed here, and the only way by which an order reaches an agent. */
export interface LeaseBook {
  renew(): Promise<void>;
  add(order: Order): Promise<void>;
}

export function leaseBook(
  own: AgentPods,
  by: { clock: Clock; keys: OrderKeys; leaseUid: string },
): LeaseBook {
  const { cluster } = own;
  let last: Promise<unknown> = Promise.resolve();
  const write = (change: (orders: SignedOrder[]) => SignedOrder[]) => {
    const renewTime = () => ({ renewTime: cluster.microTime(by.clock.wallMs()) });
    last = last.catch(() => undefined).then(() => changeLease(own, { change, renewTime, uid: by.leaseUid }));
    return last.then(() => undefined);
  };
  return {
    renew: () => write((orders) => orders),
    add: (order) => write((orders) => [...orders, by.keys.sign(order, by.leaseUid)]),
  };
}

/** By version, so that nothing that another wrote is lost; tried again after a conflict. */
async function changeLease(
  place: AgentPlace,
  how: {
    change(orders: SignedOrder[]): SignedOrder[];
    /** The runner's own writes are renewals; a guard's are not. */
    renewTime?(): { renewTime: ReturnType<Cluster['microTime']> };
    uid?: string;
  },
): Promise<void> {
  const { cluster, namespace } = place;
  const name = agentNames.lease;
  for (let tries = 0; ; tries++) {
    const lease = await cluster.coordination.readNamespacedLease({ namespace, name });
    if (how.uid !== undefined && lease.metadata?.uid !== how.uid) throw new Error('the Lease is another one');
    const { annotations } = lease.metadata ?? {};
    const orders = how.change(parseOrders(annotations?.[ordersAnnotation]));
    const body = {
      ...lease,
      metadata: {
        ...lease.metadata,
        annotations: { ...annotations, [ordersAnnotation]: JSON.stringify(orders) },
      },
      spec: { ...lease.spec, ...how.renewTime?.() },
    };
    try {
      await cluster.coordination.replaceNamespacedLease({ namespace, name, body });
      return;
    } catch (error) {
      if (statusOf(error) !== 409 || tries >= 5) throw new Error(reasonOf(error), { cause: error });
    }
  }
}

/** Takes an order out of the Lease, if there is one, and is no renewal; the agent then undoes what it did. */
export async function withdrawOrder(place: AgentPlace, id: string): Promise<void> {
  const change = (orders: SignedOrder[]) => orders.filter((order) => orderIdOf(order) !== id);
  await orAbsent(changeLease(place, { change }));
}

/** What the agent of a node last told; undefined before its first word. */
export async function readStatus(place: AgentPlace, node: string): Promise<AgentStatus | undefined> {
  const { cluster, namespace } = place;
  const map = await orAbsent(cluster.core.readNamespacedConfigMap({ namespace, name: statusName(node) }));
  return parseStatus(map?.data?.[agentNames.statusKey]);
}

/** The nodes whose agents say that they hold an order; none where there are no agents. */
export async function holdersOf({ cluster, namespace }: AgentPlace, id: string): Promise<string[]> {
  const { items } = await cluster.core.listNamespacedConfigMap({ namespace, labelSelector: runLabel });
  return items
    .filter(({ data }) => parseStatus(data?.[agentNames.statusKey])?.orders[id]?.state === 'held')
    .map(({ metadata }) => (metadata?.name ?? '').replace(/^agent-/, ''));
}
