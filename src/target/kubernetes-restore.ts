import { systemClock } from '../base/clock.ts';
import { type ObjectRestore, restoreObject, templateMark } from './kubernetes-change.ts';
import { reasonOf } from './kubernetes-client.ts';
import { objectKinds } from './kubernetes-object.ts';
import { journalKey, runLabel } from './kubernetes-record.ts';
import { removeRevisions } from './kubernetes-revisions.ts';
import type { UndoCluster } from './undo-cluster.ts';

/**
 * Puts back whatever the records of a run say that it changed, the latest first; what carries its label no longer is
 * left as it is. Idempotent. What cannot be put back keeps nothing else from being tried; then it rejects, with each
 * reason: its record must stay.
 */
export async function restoreRecorded(
  cluster: UndoCluster,
  options: { namespace: string; run: string },
): Promise<string[]> {
  const { namespace, run } = options;
  const { items } = await cluster.core.listNamespacedConfigMap({
    namespace,
    labelSelector: `${runLabel}=${run}`,
  });
  const journals = items.map(({ data }) => recordedRestores(data?.[journalKey] ?? ''));
  const restores = journals.flatMap((journal) => journal.restores);
  const failed = journals.flatMap(({ unread }) => unread.map((line) => `line ${line} cannot be read`));
  const done: string[] = [];
  const attempt = async (work: () => Promise<unknown>) => {
    await work().catch((error: unknown) => failed.push(reasonOf(error)));
  };
  for (const restore of restores.toReversed())
    await attempt(async () => done.push(await restoreObject(cluster, restore)));
  const rolled = restores.filter(({ fields }) => fields.some(({ path }) => path === templateMark));
  for (const place of new Set(rolled.map(({ object }) => object.namespace)))
    await attempt(() => removeRevisions(cluster, { namespace: place, run, clock: systemClock }));
  if (failed.length > 0) throw new Error(failed.join('; '));
  return done.filter((line) => line.endsWith('restored'));
}

/**
 * What a record's text says that was changed, in its order, and the numbers (from 1) of lines that say nothing. Nothing
 * was done yet by a last line that has no end. Pure.
 */
export function recordedRestores(journal: string): { restores: ObjectRestore[]; unread: number[] } {
  const restores: ObjectRestore[] = [];
  const unread: number[] = [];
  const whole = journal.split('\n').slice(0, -1);
  for (const [index, line] of whole.entries()) {
    const entry = parsed(line);
    const restore = entry?.restore;
    if (isRestore(restore)) restores.push(restore);
    else if (entry === undefined || restore !== undefined) unread.push(index + 1);
  }
  return { restores, unread };
}

function parsed(line: string): { restore?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // told by its number
  }
}

/** By hand: the guard's pod has no packages. */
function isRestore(value: unknown): value is ObjectRestore {
  const { object, run, fields } = (value ?? {}) as Partial<Record<keyof ObjectRestore, unknown>>;
  const { kind, namespace, name, uid } = (object ?? {}) as Record<string, unknown>;
  return (
    objectKinds.some((known) => known === kind) &&
    [namespace, name, uid, run].every((text) => typeof text === 'string') &&
    Array.isArray(fields) &&
    fields.every((field: unknown) => typeof (field as { path?: unknown } | null)?.path === 'string')
  );
}
