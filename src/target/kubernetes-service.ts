import type { Duplex } from 'node:stream';
import type { V1Service } from '@kubernetes/client-node';
import { SquallError } from '../base/errors.ts';
import { type Cluster, orAbsent } from './kubernetes-client.ts';
import { isServing, listPods, selectorText } from './kubernetes-workload.ts';

/** A Service of a cluster, or the port of it that is meant; undefined: its only one, or 9090. */
export interface ServiceRef {
  namespace: string;
  name: string;
  port?: number;
}

/** A way to a Service through the API server: nothing needs to reach the cluster's network. */
export interface ServiceWay {
  port: number;
  /** A connection to a pod that serves behind it now. */
  connect(): Promise<Duplex>;
}

/** Throws SQ-PROMETHEUS-UNREACHABLE where there is no such Service, no such port of it, or no pod that serves. */
export async function findService(cluster: Cluster, ref: ServiceRef): Promise<ServiceWay> {
  const { namespace, name } = ref;
  const service = await orAbsent(cluster.core.readNamespacedService({ namespace, name }));
  if (service === undefined) throw unreachable(cluster, ref, { what: 'there is no such Service' });
  const ports = service.spec?.ports ?? [];
  const only = ref.port === undefined && ports.length === 1 ? ports[0] : undefined;
  const wanted = ref.port ?? 9090;
  const port = only ?? ports.find((one) => one.port === wanted);
  const found = ports.map((one) => one.port).join(', ');
  if (port === undefined) throw unreachable(cluster, ref, { what: `it has no port ${wanted}`, found });
  const serving = () => servingPod(cluster, ref, service, port.targetPort ?? port.port);
  await serving();
  return {
    port: port.port,
    connect: async () => cluster.forward({ namespace, ...(await serving()) }),
  };
}

/** One that serves now, and its own port. */
async function servingPod(
  cluster: Cluster,
  ref: ServiceRef,
  { spec }: V1Service,
  target: string | number,
): Promise<{ pod: string; port: number }> {
  const selector = selectorText({ matchLabels: spec?.selector ?? {} });
  const pods = selector === '' ? [] : await listPods(cluster, { namespace: ref.namespace, selector });
  const pod = pods.find(isServing);
  const named = pod?.spec?.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === target);
  const port = typeof target === 'number' ? target : named?.containerPort;
  if (pod === undefined || port === undefined)
    throw unreachable(cluster, ref, { what: 'no pod that is ready stands behind the Service' });
  return { pod: pod.metadata?.name ?? '', port };
}

function unreachable(
  cluster: Cluster,
  { namespace, name }: ServiceRef,
  why: { what: string; found?: string },
): SquallError {
  return new SquallError({
    code: 'SQ-PROMETHEUS-UNREACHABLE',
    ...why,
    where: `context ${cluster.context}, namespace ${namespace}, Service ${name}`,
    next: `kubectl --context ${cluster.context} -n ${namespace} get service,endpointslices ${name}`,
  });
}
