import { z } from 'zod';
import { systemClock } from '../base/clock.ts';
import { type ObjectRestore, restoreObject, templateMark } from './kubernetes-change.ts';
import type { Cluster } from './kubernetes-client.ts';
import { objectKinds } from './kubernetes-object.ts';
import { journalKey, runLabel } from './kubernetes-record.ts';
import { removeRevisions } from './kubernetes-revisions.ts';

const restoreSchema: z.ZodType<ObjectRestore> = z.object({
  object: z.object({
    kind: z.enum(objectKinds),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
  }),
  run: z.string(),
  fields: z.array(z.object({ path: z.string(), value: z.unknown().optional() })),
});

/**
 * Puts back whatever the records of a run say that it changed, the latest first; what carries its label no longer is
 * left as it is. Idempotent. Rejects when something could not be put back: then its record must stay.
 */
export async function restoreRecorded(
  cluster: Cluster,
  options: { namespace: string; run: string },
): Promise<string[]> {
  const { namespace, run } = options;
  const { items } = await cluster.core.listNamespacedConfigMap({
    namespace,
    labelSelector: `${runLabel}=${run}`,
  });
  const restores = items.flatMap(({ data }) => recorded(data?.[journalKey] ?? ''));
  const done: string[] = [];
  for (const restore of restores.toReversed()) done.push(await restoreObject(cluster, restore));
  const rolled = restores.filter(({ fields }) => fields.some(({ path }) => path === templateMark));
  for (const place of new Set(rolled.map(({ object }) => object.namespace)))
    await removeRevisions(cluster, { namespace: place, run, clock: systemClock });
  return done.filter((line) => line.endsWith('restored'));
}

function recorded(journal: string): ObjectRestore[] {
  return journal
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const { restore } = JSON.parse(line) as { restore?: unknown };
      return restore === undefined ? [] : [restoreSchema.parse(restore)];
    });
}
