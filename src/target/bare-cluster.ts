import type { CoreV1Event, V1Lease, V1SelfSubjectAccessReview } from '@kubernetes/client-node';
import { askServer, type PodAccount } from './pod-account.ts';
import type { UndoCluster } from './undo-cluster.ts';

/** What the guard of a run asks of its cluster. */
export interface BareCluster extends UndoCluster {
  lease: {
    read(at: { namespace: string; name: string; withinMs?: number }): Promise<V1Lease>;
    /** By the version that the body names; another one is refused (409). */
    replace(at: { namespace: string; name: string; body: V1Lease }): Promise<V1Lease>;
  };
  authorization: {
    createSelfSubjectAccessReview(of: { body: object }): Promise<V1SelfSubjectAccessReview>;
  };
  event(namespace: string, body: object): Promise<CoreV1Event>;
}

/**
 * A part of the API by a pod's own account, without the client library, which squall's image does not have. Errors are as
 * the library's: `code` is the HTTP status, `body` what the API server said. An answer later than `answerMs` is none.
 */
export function bareCluster(account: PodAccount, { answerMs = 10_000 } = {}): BareCluster {
  const ask: Ask = async ({ withinMs = answerMs, ...request }) => {
    const answer = await askServer(account, { ...request, withinMs: Math.min(withinMs, answerMs) });
    const text = await answer.text();
    if (!answer.ok)
      throw Object.assign(new Error(`HTTP ${answer.status}`), { code: answer.status, body: text });
    return JSON.parse(text);
  };
  const jobs = resource(ask, '/apis/batch/v1', 'jobs');
  const leases = resource(ask, '/apis/coordination.k8s.io/v1', 'leases');
  const policies = resource(ask, '/apis/networking.k8s.io/v1', 'networkpolicies');
  const custom = (kind: { group: string; version: string; plural: string }) =>
    resource(ask, `/apis/${kind.group}/${kind.version}`, kind.plural);
  return {
    core: coreOf(ask),
    apps: appsOf(ask),
    batch: { listNamespacedJob: jobs.list, deleteNamespacedJob: jobs.remove },
    coordination: { listNamespacedLease: leases.list, deleteNamespacedLease: leases.remove },
    networking: {
      listNamespacedNetworkPolicy: policies.list,
      deleteNamespacedNetworkPolicy: policies.remove,
    },
    custom: {
      listNamespacedCustomObject: (query) => custom(query).list(query),
      deleteNamespacedCustomObject: (at) => custom(at).remove(at),
    },
    lease: { read: leases.read, replace: leases.replace },
    authorization: {
      createSelfSubjectAccessReview: ({ body }) =>
        ask({
          method: 'POST',
          path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
          body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', ...body },
        }),
    },
    event: (namespace, body) => resource(ask, core, 'events').create({ namespace, body }),
  };
}

const core = '/api/v1';

function coreOf(ask: Ask): UndoCluster['core'] {
  const [pods, services] = [resource(ask, core, 'pods'), resource(ask, core, 'services')];
  const maps = resource(ask, core, 'configmaps');
  const nodePath = (name: string) => `${core}/nodes/${encodeURIComponent(name)}`;
  return {
    readNamespacedPod: pods.read,
    readNamespacedService: services.read,
    readNamespacedConfigMap: maps.read,
    readNode: ({ name }) => ask({ method: 'GET', path: nodePath(name) }),
    patchNamespacedPod: pods.patch,
    patchNamespacedPodResize: pods.patchOf('resize'),
    patchNamespacedService: services.patch,
    patchNamespacedConfigMap: maps.patch,
    patchNode: ({ name, body }) => ask({ method: 'PATCH', path: nodePath(name), body, type: jsonPatch }),
    listNamespacedPod: pods.list,
    listNamespacedService: services.list,
    listNamespacedConfigMap: maps.list,
    deleteNamespacedPod: pods.remove,
    deleteNamespacedService: services.remove,
    deleteNamespacedConfigMap: maps.remove,
  };
}

function appsOf(ask: Ask): UndoCluster['apps'] {
  const of = (plural: string) => resource(ask, '/apis/apps/v1', plural);
  const [deployments, statefulSets, daemonSets] = [of('deployments'), of('statefulsets'), of('daemonsets')];
  const [sets, revisions] = [of('replicasets'), of('controllerrevisions')];
  return {
    readNamespacedDeployment: deployments.read,
    readNamespacedStatefulSet: statefulSets.read,
    readNamespacedDaemonSet: daemonSets.read,
    patchNamespacedDeployment: deployments.patch,
    patchNamespacedStatefulSet: statefulSets.patch,
    patchNamespacedDaemonSet: daemonSets.patch,
    listNamespacedReplicaSet: sets.list,
    listNamespacedControllerRevision: revisions.list,
    deleteNamespacedReplicaSet: sets.remove,
    deleteNamespacedControllerRevision: revisions.remove,
  };
}

const jsonPatch = 'application/json-patch+json';

type Request = Omit<Parameters<typeof askServer>[1], 'withinMs'> & { withinMs?: number };
/** The answer is of the API's own types: what a caller awaits is not looked at again. */
type Ask = <T>(request: Request) => Promise<T>;

interface At {
  namespace: string;
  name: string;
}

function resource(ask: Ask, api: string, plural: string) {
  const all = (namespace: string) => `${api}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  const one = ({ namespace, name }: At) => `${all(namespace)}/${encodeURIComponent(name)}`;
  const patchAt = <T>(path: string, body: object[]) =>
    ask<T>({ method: 'PATCH', path, body, type: jsonPatch });
  return {
    read: <T>(at: At & { withinMs?: number }) =>
      ask<T>({
        method: 'GET',
        path: one(at),
        ...(at.withinMs === undefined ? {} : { withinMs: at.withinMs }),
      }),
    list: <T>({ namespace, labelSelector }: { namespace: string; labelSelector?: string }) => {
      const query = labelSelector === undefined ? '' : `?${new URLSearchParams({ labelSelector })}`;
      return ask<T>({ method: 'GET', path: `${all(namespace)}${query}` });
    },
    create: <T>({ namespace, body }: { namespace: string; body: object }) =>
      ask<T>({ method: 'POST', path: all(namespace), body }),
    replace: <T>({ body, ...at }: At & { body: object }) => ask<T>({ method: 'PUT', path: one(at), body }),
    patch: <T>({ body, ...at }: At & { body: object[] }) => patchAt<T>(one(at), body),
    patchOf:
      (subresource: string) =>
      <T>({ body, ...at }: At & { body: object[] }) =>
        patchAt<T>(`${one(at)}/${subresource}`, body),
    remove: <T>({
      gracePeriodSeconds,
      propagationPolicy,
      ...at
    }: At & { gracePeriodSeconds?: number; propagationPolicy?: string }) =>
      ask<T>({
        method: 'DELETE',
        path: one(at),
        body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds, propagationPolicy },
      }),
  };
}
