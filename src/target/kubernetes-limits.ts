import type { V1Container, V1Pod, V1ResourceRequirements } from '@kubernetes/client-node';
import { parseBytes, parseCpu } from '../base/units.ts';
import { objectPower } from './kubernetes-change.ts';
import { readObject } from './kubernetes-object.ts';
import type { ClusterAccess } from './kubernetes-workload-power.ts';
import type { LimitPower, ResourceLimits } from './limit-power.ts';

const path = '/spec/containers/0/resources';

/**
 * Limits of a pod's first container, changed in place by the resize subresource (Kubernetes 1.33 and later): the
 * container goes on. The node says what is in force; until it does, nothing is.
 */
export function podLimits(access: ClusterAccess, pod: V1Pod): LimitPower {
  const { cluster } = access;
  const { namespace = '', name = '', uid = '' } = pod.metadata ?? {};
  const object = { kind: 'pod-resize', namespace, name, uid } as const;
  const power = objectPower({ ...access, object });
  const fieldsFor = async (limits: ResourceLimits) => {
    const present = (await power.read(path)) as V1ResourceRequirements | undefined;
    return [{ path, value: resourcesFor(present ?? {}, limits) }];
  };
  return {
    current: async () => {
      const found: V1Pod | undefined = await readObject(cluster, object);
      const container = pod.spec?.containers[0];
      return limitsInForce(found, container);
    },
    gone: async () => (await readObject(cluster, object)) === undefined,
    set: async (limits) => power.change('resource-limit', await fieldsFor(limits)),
    refusal: async (limits) => power.refusal(await fieldsFor(limits)),
    undo: async (limits) => power.undo(await fieldsFor(limits)),
  };
}

/** As the node reports them; where it does not, as the pod says. */
function limitsInForce(pod: V1Pod | undefined, container: V1Container | undefined): ResourceLimits {
  const status = pod?.status?.containerStatuses?.find(({ name }) => name === container?.name);
  const { cpu, memory } = (status?.resources ?? pod?.spec?.containers[0]?.resources)?.limits ?? {};
  return {
    cpuMillis: cpu === undefined ? null : (parseCpu(cpu) ?? null),
    memoryBytes: memory === undefined ? null : (parseBytes(memory) ?? null),
  };
}

/** A request follows its limit where it equalled it, so that the pod keeps its quality of service, and never exceeds it. */
export function resourcesFor(
  present: V1ResourceRequirements,
  limits: ResourceLimits,
): V1ResourceRequirements {
  const next = { requests: { ...present.requests }, limits: { ...present.limits } };
  const put = (key: 'cpu' | 'memory', limit: number | null, parse: (text: string) => number | undefined) => {
    const unit = key === 'cpu' ? 'm' : '';
    const prior = {
      limit: parse(present.limits?.[key] ?? ''),
      request: parse(present.requests?.[key] ?? ''),
    };
    if (limit === null || limit === prior.limit) return;
    next.limits[key] = `${limit}${unit}`;
    if (prior.request === undefined) return;
    if (prior.request === prior.limit || prior.request > limit) next.requests[key] = `${limit}${unit}`;
  };
  put('cpu', limits.cpuMillis, parseCpu);
  put('memory', limits.memoryBytes, parseBytes);
  return next;
}
