import {
  type AgentStatus,
  agentNames,
  ordersAnnotation,
  statusName,
  trustedOrders,
} from '../target/node-order.ts';
import { askServer, type PodAccount } from '../target/pod-account.ts';
import type { LeaseLook } from './watch.ts';

/** What an agent asks of the API server, by its pod's own account: nothing but these three. */
export interface AgentApi {
  look(): Promise<LeaseLook>;
  /** Rejects when the API server did not take it. */
  tell(status: AgentStatus): Promise<void>;
  /** Asks that the run's namespace be removed, with everything in it and this agent too. */
  removeAll(): Promise<void>;
}

export interface ApiPlace extends PodAccount {
  namespace: string;
  node: string;
  leaseUid: string;
  publicKey: string;
}

/** An answer later than this is none, ms. */
const answerMs = 3_000;

export function agentApi(place: ApiPlace): AgentApi {
  const { namespace, node, leaseUid, publicKey } = place;
  const ask = (method: string, path: string, body?: object) =>
    askServer(place, {
      method,
      path,
      type: 'application/merge-patch+json',
      withinMs: answerMs,
      ...(body === undefined ? {} : { body }),
    });
  const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${agentNames.lease}`;
  return {
    look: async () => {
      const answer = await ask('GET', leasePath).catch(() => undefined);
      if (answer?.status === 404) return { kind: 'gone' };
      if (answer?.status !== 200) return { kind: 'silent' };
      const { metadata, spec } = (await answer.json()) as Lease;
      if (metadata.uid !== leaseUid) return { kind: 'gone' };
      const orders = trustedOrders(metadata.annotations?.[ordersAnnotation], { publicKey, leaseUid });
      return {
        kind: 'there',
        renewal: spec.renewTime ?? '',
        orders: orders.filter((order) => order.node === node),
      };
    },
    tell: async (status) => {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${statusName(node)}`;
      const { ok, status: code } = await ask('PATCH', path, {
        data: { [agentNames.statusKey]: JSON.stringify(status) },
      });
      if (!ok) throw new Error(`the API server answered ${code}`);
    },
    removeAll: async () => {
      await ask('DELETE', `/api/v1/namespaces/${namespace}`);
    },
  };
}

interface Lease {
  metadata: { uid: string; annotations?: Record<string, string> };
  spec: { renewTime?: string };
}
