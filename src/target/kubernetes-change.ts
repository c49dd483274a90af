import { type Cluster, type ClusterRef, reasonOf, statusOf } from './kubernetes-client.ts';
import {
  type FieldValue,
  type ObjectRef,
  type PatchStep,
  patchObject,
  pointerPart,
  readObject,
  stepsTo,
  valueAt,
} from './kubernetes-object.ts';
import { holdOrUndo, type RunRecord } from './kubernetes-record.ts';
import type { ObjectPower } from './target.ts';
import type { UndoCluster } from './undo-cluster.ts';

/** Stands on an object of others that a run has changed; what carries the run's own label may be removed with it. */
export const changedLabel = 'squall.dev/changed-by';

/** What puts an object back, as data. */
export interface ObjectRestore {
  object: ObjectRef;
  /** The value of the label by which the object is known to be changed by this run. */
  run: string;
  fields: FieldValue[];
}

/** What a run made for one fault in a namespace: all of this name that carries the run's label. */
export interface MadeRef {
  cluster: ClusterRef;
  namespace: string;
  run: string;
  name: string;
}

const labelPath = `/metadata/labels/${pointerPart(changedLabel)}`;
/** In a workload: of its pods' template. */
export const templateMark = `/spec/template${labelPath}`;
/** Of a patch that met another writer: controllers write to the status of what they look after all the time. */
const tries = 5;

/** A way to change OBJECT and put it back, for a run whose record takes a line before each change. */
export function objectPower(options: {
  cluster: Cluster;
  ref: ClusterRef;
  object: ObjectRef;
  run: string;
  record: Pick<RunRecord, 'write' | 'hold'>;
}): ObjectPower {
  const { cluster, ref, object, run, record } = options;
  const id = nameOf(object);
  const restore = async (paths: readonly string[]): Promise<ObjectRestore> => {
    const found = await present(cluster, object);
    return { object, run, fields: paths.map((path) => ({ path, value: valueAt(found, path) })) };
  };
  return {
    id,
    read: async (path) => valueAt(await present(cluster, object), path),
    refusal: async (fields) => {
      try {
        const found = await present(cluster, object);
        const holder = holderOf(found);
        if (holder !== undefined) return `${id} is changed already, by the run ${holder}`;
        await patchObject(cluster, object, { steps: stepsTo(found, fields), dryRun: true });
        return undefined;
      } catch (error) {
        return reasonOf(error);
      }
    },
    undo: async (fields) => ({ cluster: ref, ...(await restore(fields.map(({ path }) => path))) }),
    change: async (fault, fields) => {
      const prior = await restore(fields.map(({ path }) => path));
      await record.write({ fault, restore: prior });
      await repeated(() => changeOnce(cluster, { object, run, fields }));
      await holdOrUndo(record, () => restoreObject(cluster, prior));
    },
  };
}

/** Puts the object back if the run's label is on it. Idempotent; rejects when the API server refuses or is away. */
export function restoreObject(cluster: UndoCluster, restore: ObjectRestore): Promise<string> {
  const { object, run, fields } = restore;
  const held: PatchStep = { op: 'test', path: labelPath, value: run };
  const letGo: PatchStep = { op: 'remove', path: labelPath };
  return repeated(async () => {
    const found = await readObject(cluster, object);
    if (found === undefined) return `${nameOf(object)} is gone`;
    if (holderOf(found) !== run) return `${nameOf(object)} is as it was`;
    const steps = [held, ...stepsTo(found, fields)];
    if (object.kind === 'pod-resize') {
      await patchObject(cluster, object, { steps });
      await patchObject(cluster, { ...object, kind: 'pod' }, { steps: [held, letGo] });
    } else {
      await patchObject(cluster, object, { steps: [...steps, letGo] });
    }
    return `${nameOf(object)} restored`;
  });
}

/** Whether the run's label is still on it. */
export async function isChanged(cluster: UndoCluster, { object, run }: ObjectRestore): Promise<boolean> {
  return holderOf(await readObject(cluster, object)) === run;
}

async function changeOnce(cluster: Cluster, change: ObjectRestore): Promise<void> {
  const { object, run, fields } = change;
  const found = await present(cluster, object);
  const holder = holderOf(found);
  if (holder !== undefined) throw new Error(`${nameOf(object)} is changed already, by the run ${holder}`);
  const tag: PatchStep[] = [
    { op: 'test', path: '/metadata/resourceVersion', value: found.metadata?.resourceVersion },
    ...(found.metadata?.labels === undefined
      ? [{ op: 'add' as const, path: '/metadata/labels', value: {} }]
      : []),
    { op: 'add', path: labelPath, value: run },
  ];
  if (object.kind !== 'pod-resize') {
    await patchObject(cluster, object, { steps: [...tag, ...stepsTo(found, fields)] });
    return;
  }
  // The way to a pod's resources leads to nothing else: the label is set before, and outlasts them.
  await patchObject(cluster, { ...object, kind: 'pod' }, { steps: tag });
  await patchObject(cluster, object, { steps: stepsTo(found, fields) });
}

async function present(cluster: Cluster, object: ObjectRef) {
  const found = await readObject(cluster, object);
  if (found === undefined) throw new Error(`${nameOf(object)} is gone`);
  return found;
}

function holderOf(found: Awaited<ReturnType<typeof readObject>>): string | undefined {
  return found?.metadata?.labels?.[changedLabel];
}

function nameOf({ kind, name }: ObjectRef): string {
  return `${kind === 'pod-resize' ? 'pod' : kind}/${name}`;
}

/** As long as another writer came in between: a test that failed (422), or a conflict (409). */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let left = tries - 1; ; left--) {
    try {
      return await work();
    } catch (error) {
      const met = [409, 422].includes(statusOf(error) ?? 0);
      if (left === 0 || !met) throw new Error(reasonOf(error), { cause: error });
    }
  }
}
