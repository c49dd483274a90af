import type { V1ObjectMeta } from '@kubernetes/client-node';
import { orAbsent } from './kubernetes-client.ts';
import type { UndoCluster } from './undo-cluster.ts';

/** Objects that a fault changes in place. `pod-resize`: a pod's resources, which have a way of their own in. */
export const objectKinds = [
  'deployment',
  'statefulset',
  'daemonset',
  'configmap',
  'service',
  'pod',
  'pod-resize',
  'node',
] as const;
export type ObjectKind = (typeof objectKinds)[number];

/** An object as a guard finds it again: exactly this one, not another of its name. */
export interface ObjectRef {
  kind: ObjectKind;
  /** Empty for what is of the whole cluster. */
  namespace: string;
  name: string;
  uid: string;
}

/** A value of an object by its JSON pointer (RFC 6901); without `value` there is none. */
export interface FieldValue {
  path: string;
  value?: unknown;
}

export interface PatchStep {
  op: 'test' | 'add' | 'remove';
  path: string;
  value?: unknown;
}

interface At {
  namespace: string;
  name: string;
}
interface PatchAt extends At {
  body: PatchStep[];
  dryRun?: string;
}
interface Access {
  read(cluster: UndoCluster, at: At): Promise<{ metadata?: V1ObjectMeta }>;
  patch(cluster: UndoCluster, at: PatchAt): Promise<unknown>;
}

const pod: Access = {
  read: ({ core }, at) => core.readNamespacedPod(at),
  patch: ({ core }, at) => core.patchNamespacedPod(at),
};

const accesses: Record<ObjectKind, Access> = {
  deployment: {
    read: ({ apps }, at) => apps.readNamespacedDeployment(at),
    patch: ({ apps }, at) => apps.patchNamespacedDeployment(at),
  },
  statefulset: {
    read: ({ apps }, at) => apps.readNamespacedStatefulSet(at),
    patch: ({ apps }, at) => apps.patchNamespacedStatefulSet(at),
  },
  daemonset: {
    read: ({ apps }, at) => apps.readNamespacedDaemonSet(at),
    patch: ({ apps }, at) => apps.patchNamespacedDaemonSet(at),
  },
  configmap: {
    read: ({ core }, at) => core.readNamespacedConfigMap(at),
    patch: ({ core }, at) => core.patchNamespacedConfigMap(at),
  },
  service: {
    read: ({ core }, at) => core.readNamespacedService(at),
    patch: ({ core }, at) => core.patchNamespacedService(at),
  },
  pod,
  'pod-resize': { read: pod.read, patch: ({ core }, at) => core.patchNamespacedPodResize(at) },
  node: {
    read: ({ core }, { name }) => core.readNode({ name }),
    patch: ({ core }, { namespace: _, ...at }) => core.patchNode(at),
  },
};

/** Undefined when it is gone, or another one has its name. */
export async function readObject(
  cluster: UndoCluster,
  { kind, namespace, name, uid }: ObjectRef,
): Promise<{ metadata?: V1ObjectMeta } | undefined> {
  const found = await orAbsent(accesses[kind].read(cluster, { namespace, name }));
  return found?.metadata?.uid === uid ? found : undefined;
}

/** JSON Patch (RFC 6902): all of the steps or none. Rejects with the API server's refusal. */
export async function patchObject(
  cluster: UndoCluster,
  { kind, namespace, name, uid }: ObjectRef,
  patch: { steps: readonly PatchStep[]; dryRun?: boolean },
): Promise<void> {
  const same: PatchStep = { op: 'test', path: '/metadata/uid', value: uid };
  const dry = patch.dryRun === true ? { dryRun: 'All' } : {};
  await accesses[kind].patch(cluster, { namespace, name, body: [same, ...patch.steps], ...dry });
}

/** The value at a JSON pointer; undefined where there is none. */
export function valueAt(object: unknown, pointer: string): unknown {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keys.reduce<unknown>((value, key) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<string, unknown>)[key];
  }, object);
}

/** A key as a part of a JSON pointer. */
export function pointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The steps that bring an object to these values. What holds a value must be there. */
export function stepsTo(object: unknown, fields: readonly FieldValue[]): PatchStep[] {
  return fields.flatMap(({ path, value }): PatchStep[] => {
    if (value !== undefined) return [{ op: 'add', path, value }];
    return valueAt(object, path) === undefined ? [] : [{ op: 'remove', path }];
  });
}
