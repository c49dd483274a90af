import type { KubeConfig } from '@kubernetes/client-node';
import { SquallError } from '../base/errors.ts';
import type { Cluster, ClusterRef } from './kubernetes-client.ts';
import { openForward } from './kubernetes-forward.ts';
import { bareGet } from './kubernetes-get.ts';
import { openInformer } from './kubernetes-informer.ts';
import { readPodMetrics } from './kubernetes-pod-metrics.ts';

/** An answer later than this is none, ms: a request that hangs must not outlast the return of its API server. */
const answerWithinMs = 20_000;

/**
 * The API of one cluster, by exactly this context: the current one of the kubeconfig is never taken. Loads the client
 * library, a second and 100 MB that only these runs should pay. Asks nothing. Throws SQ-CONTEXT-UNKNOWN.
 */
export async function connectCluster(ref: ClusterRef, answerMs = answerWithinMs): Promise<Cluster> {
  const library = await import('@kubernetes/client-node');
  const config = new library.KubeConfig();
  try {
    load(config, ref.kubeconfig, () => new library.KubeConfig());
  } catch (cause) {
    throw unknownContext(ref, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(ref.context)) {
    throw unknownContext(ref, names.length === 0 ? 'no context' : names.join(', '));
  }
  config.setCurrentContext(ref.context);
  boundAnswers(config, answerMs);
  return {
    context: ref.context,
    server: config.getCurrentCluster()?.server ?? '',
    core: config.makeApiClient(library.CoreV1Api),
    apps: config.makeApiClient(library.AppsV1Api),
    batch: config.makeApiClient(library.BatchV1Api),
    coordination: config.makeApiClient(library.CoordinationV1Api),
    authorization: config.makeApiClient(library.AuthorizationV1Api),
    rbac: config.makeApiClient(library.RbacAuthorizationV1Api),
    networking: config.makeApiClient(library.NetworkingV1Api),
    custom: config.makeApiClient(library.CustomObjectsApi),
    discovery: config.makeApiClient(library.DiscoveryV1Api),
    autoscaling: config.makeApiClient(library.AutoscalingV2Api),
    informer: (followed) => openInformer(library, config, followed),
    podMetrics: (namespace) => readPodMetrics(library, config, namespace),
    microTime: (wallMs) => new library.V1MicroTime(wallMs),
    get: (path) => bareGet(config, path),
    forward: (to) => openForward(library, config, to),
  };
}

/** The library itself waits for five minutes. Watches, which have no end, and forwards do not take this signal. */
function boundAnswers(config: KubeConfig, answerMs: number): void {
  const authenticate = config.applySecurityAuthentication.bind(config);
  config.applySecurityAuthentication = async (request) => {
    await authenticate(request);
    request.setSignal(AbortSignal.timeout(answerMs));
  };
}

function load(config: KubeConfig, paths: string | undefined, fresh: () => KubeConfig): void {
  if (paths === undefined) {
    config.loadFromDefault();
    return;
  }
  const [first = '', ...others] = paths.split(':');
  config.loadFromFile(first);
  for (const path of others) {
    const other = fresh();
    other.loadFromFile(path);
    config.mergeConfig(other, true);
  }
}

function unknownContext(ref: ClusterRef, found: string, cause?: unknown): SquallError {
  return new SquallError(
    {
      code: 'SQ-CONTEXT-UNKNOWN',
      what: `there is no context ${ref.context}`,
      where: ref.kubeconfig ?? 'the default kubeconfig',
      expected: ref.context,
      found,
      next: 'kubectl config get-contexts, then correct target.kubernetes.context',
    },
    cause === undefined ? {} : { cause },
  );
}
