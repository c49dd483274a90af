import { SquallError } from '../base/errors.ts';
import { readyEndpoints } from '../base/kubernetes.ts';
import type { BackendSpec, KubernetesTarget } from '../scenario/kubernetes-spec.ts';
import type { KubernetesMemberSpec } from '../scenario/types.ts';
import type { BackendPower, ServicePower } from './backend-power.ts';
import { exporterOnPage } from './collector-page.ts';
import { objectPower } from './kubernetes-change.ts';
import { type Cluster, orAbsent } from './kubernetes-client.ts';
import { sharedLook } from './kubernetes-look.ts';
import { isServing, listPods, type Workload } from './kubernetes-workload.ts';
import { type ClusterAccess, workloadMember } from './kubernetes-workload-power.ts';
import type { Member } from './target.ts';

/** All that a fault may strike in a cluster, by name. */
export function strikable({ members, backends }: KubernetesTarget): Record<string, KubernetesMemberSpec> {
  return { ...members, ...backends };
}

/** uid of the Service of each backend that names one. Throws SQ-TARGET-UNREACHABLE where there is none; changes nothing. */
export async function findServices(
  cluster: Cluster,
  backends: Readonly<Record<string, BackendSpec>>,
): Promise<Record<string, string>> {
  const uids: Record<string, string> = {};
  for (const [backend, { namespace, service }] of Object.entries(backends)) {
    if (service === undefined) continue;
    const found = await orAbsent(cluster.core.readNamespacedService({ namespace, name: service }));
    if (found?.metadata?.uid === undefined)
      throw new SquallError({
        code: 'SQ-TARGET-UNREACHABLE',
        what: `there is no Service ${service}, by which the collectors would reach ${backend}`,
        where: `context ${cluster.context}, namespace ${namespace}`,
        next: `kubectl --context ${cluster.context} -n ${namespace} get services`,
      });
    uids[backend] = found.metadata.uid;
  }
  return uids;
}

/** Backends as members of their own, beside the collectors: they take no load and have no queue that settling waits for. */
export function backendMembers(
  access: ClusterAccess,
  all: {
    spec: KubernetesTarget;
    workloads: Readonly<Record<string, Workload>>;
    /** uids, by backend. */
    services: Readonly<Record<string, string>>;
    /** The collectors as they are at the time of asking. */
    collectors: readonly Member[];
  },
): Member[] {
  return Object.entries(all.spec.backends ?? {}).flatMap(([group, spec]): Member[] => {
    const workload = all.workloads[group];
    if (workload === undefined) return [];
    const serviceUid = all.services[group];
    const service = servicePower(access, { spec, serviceUid });
    const { exporter, witness } = spec;
    const backend: BackendPower = {
      ...(service === undefined ? {} : { service }),
      ...(exporter === undefined ? {} : { exporter: () => exporterState(all.collectors, exporter) }),
      ...(witness === undefined
        ? {}
        : { ask: (path) => askPod(access.cluster, { spec, workload }, { ...witness, path }) }),
    };
    return [{ ...workloadMember(access, { group, spec, workload }), backend }];
  });
}

function servicePower(
  access: ClusterAccess,
  one: { spec: BackendSpec; serviceUid: string | undefined },
): ServicePower | undefined {
  const { namespace, service: name } = one.spec;
  if (name === undefined || one.serviceUid === undefined) return undefined;
  const object = { kind: 'service' as const, namespace, name, uid: one.serviceUid };
  return {
    object: objectPower({ ...access, object }),
    endpoints: sharedLook(access.clock, async () => {
      const labelSelector = `kubernetes.io/service-name=${name}`;
      const { items } = await access.cluster.discovery.listNamespacedEndpointSlice({
        namespace,
        labelSelector,
      });
      return items.reduce((sum, slice) => sum + readyEndpoints(slice), 0);
    }),
  };
}

async function exporterState(collectors: readonly Member[], name: string) {
  const pages = await Promise.all(
    // A pod that is on its way out or in has no page.
    collectors.map(({ readMetrics }) => readMetrics?.().catch(() => undefined)),
  );
  const states = pages.flatMap((text) => (text === undefined ? [] : [exporterOnPage(text, name)]));
  if (states.length === 0) throw new Error('no collector shows its own metrics');
  const sum = (pick: (state: (typeof states)[number]) => number) =>
    states.reduce((total, state) => total + pick(state), 0);
  return { name, sent: sum(({ sent }) => sent), waiting: sum(({ waiting }) => waiting) };
}

/** Through the API server, as metrics pages are read: nothing needs to reach the pod from this machine. */
async function askPod(
  cluster: Cluster,
  { spec: { namespace }, workload: { selector } }: { spec: BackendSpec; workload: Workload },
  { port, path }: { port: number; path: string },
): Promise<unknown> {
  const pods = (await listPods(cluster, { namespace, selector })).filter(isServing);
  const name = pods[0]?.metadata?.name;
  if (name === undefined) throw new Error('it has no pod that is ready');
  return JSON.parse(await cluster.get(`/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy${path}`));
}
