import type { V1EndpointSlice } from '@kubernetes/client-node';

/** No fault is ever done here: what every other pod of the cluster lives by. */
export const systemNamespaces: readonly string[] = ['kube-system', 'kube-public', 'kube-node-lease'];

/** Addresses of a Service that take connections. Pure. */
export function readyEndpoints(slice: V1EndpointSlice | undefined): number {
  // An empty slice has null in place of a list; without the condition an endpoint counts as ready.
  const endpoints: V1EndpointSlice['endpoints'] | null = slice?.endpoints ?? [];
  return endpoints.filter(({ conditions }) => conditions?.ready !== false).length;
}
