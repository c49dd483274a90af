import type { V1ContainerState, V1OwnerReference, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { type Clock, waitFor } from '../base/clock.ts';
import { SquallError } from '../base/errors.ts';
import { type Cluster, reasonOf } from './kubernetes-client.ts';
import { programLabel, runLabel } from './kubernetes-record.ts';

/** Pods that squall makes for a run, in the image of k8s/Dockerfile. */
export interface OwnPods {
  cluster: Cluster;
  namespace: string;
  /** Name of the run in labels. */
  run: string;
  /** With it everything goes, should nobody take it down. */
  owner: V1OwnerReference;
  image: string;
  pullSecrets: readonly string[];
  clock: Clock;
}

export type OwnProgram = 'sink' | 'load' | 'agent' | 'guard';

/** From the object's making to a running program: an image of 260 MB is pulled in between. */
const startWithinMs = 120_000;

export function ownLabels(own: Pick<OwnPods, 'run'>, program: OwnProgram): Record<string, string> {
  return {
    [runLabel]: own.run,
    [programLabel]: program,
    'app.kubernetes.io/name': `squall-${program}`,
    'app.kubernetes.io/managed-by': 'squall',
  };
}

/** Runs wherever the restricted Pod Security Standard holds; writes to nothing but a folder of its own. */
export function ownTemplate(
  own: OwnPods,
  program: OwnProgram,
  { cpuMillis = 50 }: { cpuMillis?: number } = {},
): V1PodTemplateSpec {
  return {
    metadata: { labels: ownLabels(own, program) },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 2,
      imagePullSecrets: own.pullSecrets.map((name) => ({ name })),
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: program,
          image: own.image,
          imagePullPolicy: 'IfNotPresent',
          args: [program],
          resources: { requests: { cpu: `${cpuMillis}m`, memory: '96Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: [{ name: 'evidence', mountPath: '/tmp' }],
        },
      ],
      volumes: [{ name: 'evidence', emptyDir: {} }],
    },
  };
}

/**
 * Resolves with the program's pods when `count` of them run. Throws SQ-IMAGE-MISSING when the image cannot be had, and
 * SQ-PODS-MISSING when they do not run in time, with what stands in the way.
 */
export async function awaitOwnPods(own: OwnPods, program: OwnProgram, count: number): Promise<V1Pod[]> {
  const { cluster, namespace, clock } = own;
  const labelSelector = `${runLabel}=${own.run},${programLabel}=${program}`;
  let seen: V1Pod[] = [];
  const running = await waitFor(clock, { timeoutMs: startWithinMs, everyMs: 200 }, async () => {
    // An API server that is away for a moment is asked again.
    const { items } = await cluster.core
      .listNamespacedPod({ namespace, labelSelector })
      .catch(() => ({ items: seen }));
    seen = items;
    for (const pod of items) refuseHopeless(own, pod);
    const up = items.filter(runsWhole);
    return up.length >= count ? up : undefined;
  });
  if (running !== undefined) return running;
  throw new SquallError({
    code: 'SQ-PODS-MISSING',
    what: `squall's own pods (${program}) do not run`,
    where: `context ${cluster.context}, namespace ${namespace}`,
    expected: `${count} within ${startWithinMs / 1000} s`,
    found: seen.length === 0 ? 'no pod was made' : seen.map(stateText).join('; '),
    next: `kubectl --context ${cluster.context} -n ${namespace} get events`,
  });
}

/** Why this pod will never run again, or undefined. Rejects when the API server does not answer. */
export async function ownPodEnd(
  { cluster, namespace, run }: Pick<OwnPods, 'cluster' | 'namespace' | 'run'>,
  name: string,
): Promise<string | undefined> {
  const { items } = await cluster.core.listNamespacedPod({ namespace, labelSelector: `${runLabel}=${run}` });
  const pod = items.find(({ metadata }) => metadata?.name === name);
  if (pod === undefined) return 'it was removed';
  const ended = pod.status?.containerStatuses?.[0]?.state?.terminated !== undefined;
  return ended || pod.status?.phase === 'Failed' ? stateText(pod) : undefined;
}

function runsWhole({ spec, status }: V1Pod): boolean {
  const running = status?.containerStatuses?.filter(({ state }) => state?.running !== undefined) ?? [];
  return running.length > 0 && running.length === spec?.containers.length;
}

const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName'];

function refuseHopeless(own: OwnPods, pod: V1Pod): void {
  const { cluster, namespace, image } = own;
  const state = stuckState(pod);
  const where = `context ${cluster.context}, namespace ${namespace}, pod ${pod.metadata?.name}, node ${pod.spec?.nodeName}`;
  const kubectl = `kubectl --context ${cluster.context} -n ${namespace}`;
  const { reason = '', message = '' } = state?.waiting ?? {};
  if (imageReasons.includes(reason)) {
    throw new SquallError({
      code: 'SQ-IMAGE-MISSING',
      what: `the node cannot get squall's image ${image}`,
      where,
      found: `${reason}: ${message}`,
      next: 'build it (npm run image), push it where the nodes pull from, and name it in target.kubernetes.image',
    });
  }
  const refused = /^(CreateContainer|RunContainer)/.test(reason);
  if (!refused && (state?.terminated === undefined || willRestart(pod))) return;
  throw new SquallError({
    code: 'SQ-PODS-MISSING',
    what: `squall's own pod ${pod.metadata?.name} does not run`,
    where,
    found: stateText(pod),
    next: `${kubectl} describe pod ${pod.metadata?.name}`,
  });
}

/** What ended once, as by a kill, its kubelet starts again at once; what ends again then is hopeless. */
function willRestart({ spec, status }: V1Pod): boolean {
  const fresh = status?.containerStatuses?.every(({ restartCount }) => restartCount === 0) ?? false;
  return fresh && spec?.restartPolicy !== 'Never';
}

/** Of the first container that does not run, else of the first. */
function stuckState({ status }: Pick<V1Pod, 'status'>): V1ContainerState | undefined {
  const states = status?.containerStatuses?.map(({ state }) => state) ?? [];
  return states.find((state) => state?.running === undefined) ?? states[0];
}

function stateText(pod: V1Pod): string {
  const { metadata, status } = pod;
  const { waiting, terminated } = stuckState(pod) ?? {};
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const why =
    terminated !== undefined
      ? `ended with code ${terminated.exitCode} ${terminated.message ?? ''}`
      : (waiting?.message ?? waiting?.reason ?? scheduled?.message ?? status?.phase ?? 'unknown');
  return `${metadata?.name}: ${why.trim()}`;
}

/** The object, or SQ-PRECONDITION with the API server's refusal: a quota, an admission policy. */
export async function makeOwn<T>(
  own: Pick<OwnPods, 'cluster' | 'namespace'>,
  what: string,
  make: () => Promise<T>,
  next?: string,
): Promise<T> {
  try {
    return await make();
  } catch (cause) {
    const { cluster, namespace } = own;
    const kubectl = `kubectl --context ${cluster.context} -n ${namespace}`;
    throw new SquallError(
      {
        code: 'SQ-PRECONDITION',
        what: `the cluster does not take ${what}`,
        where: `context ${cluster.context}, namespace ${namespace}`,
        found: reasonOf(cause),
        next: next ?? `${kubectl} get resourcequota,limitrange`,
      },
      { cause },
    );
  }
}
