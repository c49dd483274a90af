import type { Duplex } from 'node:stream';
import type {
  AppsV1Api,
  AuthorizationV1Api,
  AutoscalingV2Api,
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  Informer,
  KubernetesObject,
  NetworkingV1Api,
  RbacAuthorizationV1Api,
  V1MicroTime,
} from '@kubernetes/client-node';
import type { PodPort } from './kubernetes-forward.ts';
import type { Followable } from './kubernetes-informer.ts';
import type { PodMetrics } from './kubernetes-pod-metrics.ts';

/** A cluster as a guard finds it again: the kubeconfig's path (or several, as KUBECONFIG has it) and the context. */
export interface ClusterRef {
  /** Undefined: KUBECONFIG, ~/.kube/config, or the pod's own account. */
  kubeconfig?: string;
  context: string;
}

export interface Cluster {
  context: string;
  server: string;
  core: CoreV1Api;
  apps: AppsV1Api;
  batch: BatchV1Api;
  coordination: CoordinationV1Api;
  authorization: AuthorizationV1Api;
  rbac: RbacAuthorizationV1Api;
  networking: NetworkingV1Api;
  custom: CustomObjectsApi;
  discovery: DiscoveryV1Api;
  autoscaling: AutoscalingV2Api;
  /** See openInformer. */
  informer<T extends KubernetesObject>(followed: Followable<T>): Informer<T>;
  /** See readPodMetrics. */
  podMetrics(namespace: string): Promise<PodMetrics[]>;
  /** As Leases have it: with microseconds. */
  microTime(wallMs: number): V1MicroTime;
  /** The body that the API server answers to a bare GET of PATH and query; rejects unless with success. */
  get(path: string): Promise<string>;
  /** See openForward. */
  forward(to: PodPort): Promise<Duplex>;
}

/** The HTTP status of an API server's refusal; undefined when it did not answer. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  // A time-out has a number too, which is none of HTTP's.
  return typeof error.code === 'number' && error.code >= 100 ? error.code : undefined;
}

/** What the API server says in a refusal, or the error's own first line. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'body' in error) {
    const message = messageIn(error.body);
    if (message !== undefined) return message;
  }
  const text = error instanceof Error ? (silenceOf(error) ?? error.message) : String(error);
  return text.split('\n')[0] ?? text;
}

/** Why there was no answer at all; undefined where that is not what happened. The library's fetch hides it. */
function silenceOf(error: Error): string | undefined {
  if (error.name === 'TimeoutError') return 'the API server does not answer';
  if (error.message !== 'fetch failed' || !(error.cause instanceof Error)) return undefined;
  const { cause } = error;
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}

function messageIn(body: unknown): string | undefined {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body;
    if (typeof status !== 'object' || status === null || !('message' in status)) return undefined;
    return typeof status.message === 'string' ? status.message : undefined;
  } catch {
    return undefined; // not the API server's own answer: a proxy's page
  }
}

/** The answer, or undefined where the thing is not there (404). */
export async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/**
 * Nothing, where the account has no right to this (403); rejects with any other error, and with this one as long as the
 * API server refuses what every account may: one that has just begun knows no role yet.
 */
export async function mayNot(cluster: Pick<Cluster, 'get'>, error: unknown): Promise<undefined> {
  if (statusOf(error) !== 403) throw error;
  await cluster.get('/api').catch(() => {
    throw error;
  });
}
