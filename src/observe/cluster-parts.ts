import type {
  CoreV1Event,
  KubernetesObject,
  V1EndpointSlice,
  V1ObjectMeta,
  V1Pod,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import { readyEndpoints } from '../base/kubernetes.ts';
import type { Cluster } from '../target/kubernetes-client.ts';
import type { Followable } from '../target/kubernetes-informer.ts';
import { eventSentence, isWorthTelling, podChanges, scaleChange, wantedPods } from './cluster-changes.ts';
import type { ClusterLog } from './cluster-log.ts';
import { type Followed, followed, type Told } from './followed.ts';

/** One kind of object of a namespace that is followed. */
export interface Part {
  /** `pods in observability` */
  name: string;
  resource: string;
  open(): Followed;
}

/** Of a message no more than a line of an event log. */
const messageChars = 200;

/** What is followed in a namespace, and what of it goes into the log. Nothing is asked yet. */
export function partsOf(cluster: Cluster, namespace: string, log: ClusterLog): Part[] {
  const part = partMaker(cluster, namespace);
  const { core, discovery, autoscaling } = cluster;
  const level = (watch: string, step: { name: string; unit: string; was: number; now: number }) =>
    log.level({ watch, name: step.name, unit: step.unit, by: step.now - step.was });
  return [
    part<V1Pod>(
      {
        what: 'pods',
        resource: 'pods',
        path: '/api/v1',
        list: (page) => core.listNamespacedPod({ namespace, ...page }),
        slim: slimPod,
      },
      () => (before, after, isNew) => {
        for (const change of isNew ? podChanges(before, after) : []) log.change(change);
      },
    ),
    part<V1EndpointSlice>(
      {
        what: 'endpoints',
        resource: 'endpointslices',
        path: '/apis/discovery.k8s.io/v1',
        list: (page) => discovery.listNamespacedEndpointSlice({ namespace, ...page }),
        slim: slimSlice,
      },
      (watch) => (before, after, isNew) => {
        const service = serviceOf(after ?? before);
        const step = { name: `ready endpoints ${service}`, unit: 'endpoints' };
        const { was, now } = level(watch, {
          ...step,
          was: readyEndpoints(before),
          now: readyEndpoints(after),
        });
        if (isNew && was !== now)
          log.change({ what: `service ${service} has ${now} ready endpoints, from ${was}` });
      },
    ),
    part<CoreV1Event>(
      {
        what: 'events',
        resource: 'events',
        path: '/api/v1',
        list: (page) => core.listNamespacedEvent({ namespace, ...page }),
        slim: slimEvent,
      },
      () => (before, after, isNew) => {
        if (after === undefined) return;
        if (isNew && isWorthTelling(before, after)) log.word(eventSentence(after));
        // The informer keeps an hour of events: their words are most of them.
        delete after.message;
      },
    ),
    part<V2HorizontalPodAutoscaler>(
      {
        what: 'autoscalers',
        resource: 'horizontalpodautoscalers',
        path: '/apis/autoscaling/v2',
        list: (page) => autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace, ...page }),
        slim: (scaler) => ({ ...scaler, metadata: slimMetadata(scaler.metadata) }),
      },
      (watch) => (before, after, isNew) => {
        const name = `pods wanted by autoscaler ${(after ?? before)?.metadata?.name ?? ''}`;
        level(watch, { name, unit: 'pods', was: wantedPods(before), now: wantedPods(after) });
        const what = after === undefined ? undefined : scaleChange(before, after);
        if (isNew && what !== undefined) log.change({ what });
      },
    ),
  ];
}

type Objects<T extends KubernetesObject> = { what: string; resource: string; path: string } & Pick<
  Followable<T>,
  'list' | 'slim'
>;

function partMaker(cluster: Cluster, namespace: string) {
  return <T extends KubernetesObject>(of: Objects<T>, told: (name: string) => Told<T>): Part => {
    const { list, slim, resource } = of;
    const name = `${of.what} in ${namespace}`;
    const path = `${of.path}/namespaces/${namespace}/${resource}`;
    return { name, resource, open: () => followed(cluster.informer<T>({ path, list, slim }), told(name)) };
  };
}

/** A Service of many pods has several slices, and one with addresses of two families has slices of each. */
function serviceOf(slice: V1EndpointSlice | undefined): string {
  const name = slice?.metadata?.labels?.['kubernetes.io/service-name'] ?? '';
  return slice?.addressType === 'IPv6' ? `${name} (IPv6)` : name;
}

function slimMetadata(metadata: V1ObjectMeta | undefined): V1ObjectMeta {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = metadata ?? {};
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}

function slimPod({ metadata, spec, status }: V1Pod): V1Pod {
  const { phase, reason, conditions, initContainerStatuses, containerStatuses } = status ?? {};
  return {
    metadata: slimMetadata(metadata),
    spec: { containers: [], ...(spec?.nodeName === undefined ? {} : { nodeName: spec.nodeName }) },
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(reason === undefined ? {} : { reason }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(initContainerStatuses === undefined ? {} : { initContainerStatuses }),
      ...(containerStatuses === undefined ? {} : { containerStatuses }),
    },
  };
}

function slimSlice({ metadata, addressType, endpoints }: V1EndpointSlice): V1EndpointSlice {
  const labels = { 'kubernetes.io/service-name': metadata?.labels?.['kubernetes.io/service-name'] ?? '' };
  return {
    metadata: { ...slimMetadata(metadata), labels },
    addressType,
    endpoints: (endpoints ?? []).map(({ conditions }) => ({
      addresses: [],
      ...(conditions === undefined ? {} : { conditions }),
    })),
  };
}

function slimEvent({ metadata, involvedObject, reason, message, count, series }: CoreV1Event): CoreV1Event {
  const { kind, name } = involvedObject ?? {};
  return {
    metadata: slimMetadata(metadata),
    involvedObject: { ...(kind === undefined ? {} : { kind }), ...(name === undefined ? {} : { name }) },
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message: message.slice(0, messageChars) }),
    ...(count === undefined ? {} : { count }),
    ...(series === undefined ? {} : { series }),
  };
}
