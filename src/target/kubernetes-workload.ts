import type { V1LabelSelector, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { KubernetesMemberSpec, OtlpSpec } from '../scenario/types.ts';
import type { Cluster } from './kubernetes-client.ts';

/** What a workload is made of, as far as a run needs it. */
export interface Workload {
  uid: string;
  /** For lists of its pods. */
  selector: string;
  /** The same, as the workload has it. */
  selects: V1LabelSelector;
  template: V1PodTemplateSpec;
}

/** Rejects with the API server's refusal; 404 where there is none of this name. */
export async function readWorkload(cluster: Cluster, member: KubernetesMemberSpec): Promise<Workload> {
  const { namespace } = member;
  const { kind, name } = member.workload;
  const read = {
    deployment: () => cluster.apps.readNamespacedDeployment({ namespace, name }),
    statefulset: () => cluster.apps.readNamespacedStatefulSet({ namespace, name }),
    daemonset: () => cluster.apps.readNamespacedDaemonSet({ namespace, name }),
  };
  const { metadata, spec } = await read[kind]();
  return {
    uid: metadata?.uid ?? '',
    selector: selectorText(spec?.selector ?? {}),
    selects: spec?.selector ?? {},
    template: spec?.template ?? {},
  };
}

/** As the API's labelSelector parameter has it. */
export function selectorText({ matchLabels, matchExpressions }: V1LabelSelector): string {
  const labels = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${(values ?? []).join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}

/** Running pods of the workload, also those on their way out; oldest first. */
export async function listPods(
  cluster: Cluster,
  options: { namespace: string; selector: string },
): Promise<V1Pod[]> {
  const { items } = await cluster.core.listNamespacedPod({
    namespace: options.namespace,
    labelSelector: options.selector,
  });
  const born = (pod: V1Pod) => pod.metadata?.creationTimestamp?.getTime() ?? 0;
  return items.filter(({ status }) => status?.phase === 'Running').sort((a, b) => born(a) - born(b));
}

/** Serves: ready, and not on its way out. */
export function isServing({ metadata, status }: V1Pod): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return ready === true && metadata?.deletionTimestamp === undefined;
}

/** Port of the collector's own metrics: the one named so, or the collector's default. */
export function metricsPortOf(template: V1PodTemplateSpec): number {
  const containers = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])];
  const ports = containers.flatMap(({ ports: own }) => own ?? []);
  return ports.find(({ name }) => name === 'metrics')?.containerPort ?? 8888;
}

/**
 * Where the collector's configuration stands, if a container names a file by --config that comes from a ConfigMap. Of
 * several files the first: what is laid over it says nothing about queues as a rule.
 */
export function mountedConfig({ spec }: V1PodTemplateSpec): { name: string; key: string } | undefined {
  for (const { args, command, volumeMounts } of spec?.containers ?? []) {
    const file = configArgument([...(command ?? []), ...(args ?? [])]);
    const mount = volumeMounts?.find(({ mountPath }) => file?.startsWith(`${mountPath}/`));
    if (file === undefined || mount === undefined) continue;
    const { configMap } = spec?.volumes?.find(({ name }) => name === mount.name) ?? {};
    if (configMap?.name === undefined) continue;
    const path = file.slice(mount.mountPath.length + 1);
    return { name: configMap.name, key: configMap.items?.find((item) => item.path === path)?.key ?? path };
  }
  return undefined;
}

/** The collector's configuration; undefined when it comes from no ConfigMap. */
export async function readMountedConfig(
  cluster: Cluster,
  options: { namespace: string; template: V1PodTemplateSpec },
): Promise<string | undefined> {
  const found = mountedConfig(options.template);
  if (found === undefined) return undefined;
  const { name, key } = found;
  const { data } = await cluster.core.readNamespacedConfigMap({ namespace: options.namespace, name });
  return data?.[key];
}

function configArgument(words: readonly string[]): string | undefined {
  const joined = words.find((word) => word.startsWith('--config='));
  if (joined !== undefined) return joined.slice('--config='.length).replace(/^file:/, '');
  const at = words.indexOf('--config');
  return at < 0 ? undefined : words[at + 1]?.replace(/^file:/, '');
}

/**
 * Where the load reaches a Service: its load balancer's address, or the cluster's own one, which only works where the
 * cluster's network ends; another way in is an address of the scenario's. Undefined: it has none of 4317 and 4318.
 */
export async function serviceAddress(
  cluster: Cluster,
  options: { namespace: string; name: string },
): Promise<OtlpSpec | undefined> {
  const { spec, status } = await cluster.core.readNamespacedService(options);
  const balancer = status?.loadBalancer?.ingress?.[0];
  const host = balancer?.ip ?? balancer?.hostname ?? spec?.clusterIP;
  if (host === undefined || host === 'None') return undefined;
  const at = (port: number) =>
    spec?.ports?.some((one) => one.port === port) ? `${host}:${port}` : undefined;
  const [grpc, http] = [at(4317), at(4318)];
  if (grpc === undefined && http === undefined) return undefined;
  return {
    ...(grpc === undefined ? {} : { grpc }),
    ...(http === undefined ? {} : { http }),
    headers: {},
  };
}
