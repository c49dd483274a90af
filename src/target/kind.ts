import type { V1Deployment, V1Pod } from '@kubernetes/client-node';
import { type Clock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import type { DockerMemberSpec, KubernetesMemberSpec, TargetSpec } from '../scenario/types.ts';
import { addressesAt, ports } from './docker-folders.ts';
import type { KindCluster } from './kind-cluster.ts';
import { memberObjects } from './kind-manifests.ts';
import { type KubernetesOptions, startKubernetes } from './kubernetes.ts';
import { allowLabel } from './kubernetes-preflight.ts';
import { entryGroups, startOrder } from './local-order.ts';
import { type LinkAddresses, lacksOf, readConfig, uses } from './local-seat.ts';
import { isReady } from './member-process.ts';
import type { Target } from './target.ts';

const proxiedMs = 30_000;

type KindSpec = TargetSpec & { kind: 'kind' };

export interface KindOptions extends Omit<KubernetesOptions, 'spec' | 'intend'> {
  spec: KindSpec;
  made: KindCluster;
  /** Where pods reach the sink. */
  sink: LinkAddresses;
  env?: Readonly<Record<string, string | undefined>>;
  onNote(sentence: string): void;
}

/** With the pull of an image that was not put on the nodes. */
const readyMs = 300_000;
/** What a pod that is not ready waits for, where it will never come by itself. */
const hopeless = [
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CrashLoopBackOff',
];

/**
 * The members as Deployments in a namespace of the run's own cluster, then like any kubernetes target. Throws
 * SQ-IMAGE-MISSING or SQ-TARGET-START when their pods do not become ready.
 */
export async function startKind(options: KindOptions): Promise<Target> {
  const { spec, made } = options;
  const { core } = made.cluster;
  const namespace = made.name;
  // Without the run's label, by which what a run made in a cluster is removed: these go with the cluster.
  const labels = { 'app.kubernetes.io/managed-by': 'squall' };
  await core.createNamespace({
    body: { metadata: { name: namespace, labels: { ...labels, [allowLabel]: 'allowed' } } },
  });
  // First: a Service whose name is asked for too early stays unknown for half a minute in DNS caches.
  const deployments = new Map<string, V1Deployment>();
  for (const [name, member] of Object.entries(spec.members))
    deployments.set(name, await createAround(options, { name, member, namespace, labels }));
  for (const name of startOrder(spec.members)) {
    const body = deployments.get(name);
    if (body === undefined) continue;
    await made.cluster.apps.createNamespacedDeployment({ namespace, body });
    await awaitPods(options, { name, namespace, replicas: spec.members[name]?.replicas ?? 1 });
  }
  const members: Record<string, KubernetesMemberSpec> = {};
  for (const [name, { sendsTo }] of Object.entries(spec.members)) {
    const otlp = entryGroups(spec.members).includes(name) ? await reached(options, name) : undefined;
    members[name] = {
      namespace,
      workload: { kind: 'deployment', name },
      ...(otlp === undefined ? {} : { otlp }),
      ...(sendsTo === undefined ? {} : { sendsTo }),
    };
  }
  const { sink, prometheus } = spec;
  const target = await startKubernetes({
    ...options,
    spec: {
      kind: 'kubernetes',
      ...made.ref,
      namespaces: [namespace],
      members,
      sink,
      ...(prometheus === undefined ? {} : { prometheus }),
    },
    // All of it goes with the cluster.
    intend: () => undefined,
  });
  return { ...target, kind: 'kind' };
}

/** Makes what a member needs beside its pods, whose Deployment it gives. */
async function createAround(
  options: KindOptions,
  of: { name: string; member: DockerMemberSpec; namespace: string; labels: Record<string, string> },
): Promise<V1Deployment> {
  const { spec, made } = options;
  const { name, member, namespace } = of;
  const configText = await readConfig(member, { exporters: ['otlp_grpc'] });
  for (const sentence of lacksOf(configText)) options.onNote(`${name}: ${sentence}`);
  if (uses(configText, 'SQUALL_TLS_CERT')) throw noCertificate(name, member.config ?? '');
  const objects = memberObjects({
    name,
    labels: of.labels,
    spec: member,
    image: member.image ?? spec.image,
    configText,
    next: member.sendsTo === undefined ? options.sink : addressesAt(member.sendsTo),
    entry: entryGroups(spec.members).includes(name),
    env: options.env ?? process.env,
  });
  await made.cluster.core.createNamespacedConfigMap({ namespace, body: objects.config });
  await made.cluster.core.createNamespacedService({ namespace, body: objects.service });
  return objects.deployment;
}

function noCertificate(name: string, where: string): SquallError {
  return new SquallError({
    code: 'SQ-TARGET-START',
    what: `${name} takes up SQUALL_TLS_CERT, and a kind target makes no certificate`,
    where,
    next: 'use target: docker, or bring the certificate as a Secret to target: kubernetes',
  });
}

/** A Service's ports on the nodes, once they lead to its pods: kube-proxy hears of those later than we do. */
async function reached({ made, clock }: KindOptions, name: string) {
  const { cluster, name: namespace, nodeAddress: host } = made;
  const { spec } = await cluster.core.readNamespacedService({ namespace, name });
  const nodePort = (port: number) => spec?.ports?.find((one) => one.port === port)?.nodePort ?? 0;
  const [grpc, http] = [nodePort(ports.grpc), nodePort(ports.http)];
  const isOpen = (port: number) => isReady({ kind: 'port', host, port });
  // One is enough, as a configuration need not have both; what stays closed is named by the canary, with its address.
  await waitFor(clock, { timeoutMs: proxiedMs, everyMs: 200 }, async () =>
    (await isOpen(grpc)) || (await isOpen(http)) ? true : undefined,
  );
  return { grpc: `${host}:${grpc}`, http: `${host}:${http}`, headers: {} };
}

async function awaitPods(
  { made, clock }: { made: KindCluster; clock: Clock },
  of: { name: string; namespace: string; replicas: number },
): Promise<void> {
  const { name, namespace } = of;
  const { core, apps } = made.cluster;
  const stuck = await waitFor(clock, { timeoutMs: readyMs, everyMs: 500 }, async () => {
    const { status } = await apps.readNamespacedDeployment({ namespace, name });
    if ((status?.readyReplicas ?? 0) >= of.replicas) return 'ready';
    const labelSelector = `app.kubernetes.io/name=${name}`;
    const { items } = await core.listNamespacedPod({ namespace, labelSelector });
    return items.map(waitsFor).find((why) => hopeless.includes(why?.reason ?? ''));
  });
  if (stuck === 'ready') return;
  const why = stuck?.reason ?? `not ready within ${readyMs / 1000} s`;
  throw new SquallError({
    code: /Image/.test(why) ? 'SQ-IMAGE-MISSING' : 'SQ-TARGET-START',
    what: `the pods of ${name} do not become ready`,
    where: `cluster ${made.name}`,
    expected: `${of.replicas} ready`,
    found: [why, stuck?.message].filter((part) => part !== undefined).join(': '),
    next: /Image/.test(why)
      ? 'docker pull the image, which is then put on the nodes'
      : 'try it as target: docker',
  });
}

function waitsFor({ status }: V1Pod): { reason?: string; message?: string } | undefined {
  return status?.containerStatuses
    ?.map(({ state }) => state?.waiting)
    .find((waiting) => waiting !== undefined);
}
