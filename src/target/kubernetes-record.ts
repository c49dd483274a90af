import { createHash } from 'node:crypto';
import type { V1OwnerReference } from '@kubernetes/client-node';
import { type Clock, waitFor } from '../base/clock.ts';
import { settled } from '../base/settled.ts';
import { networkChaos } from './chaos-mesh.ts';
import { knownObject } from './known-object.ts';
import { type Cluster, orAbsent, reasonOf, statusOf } from './kubernetes-client.ts';
import { makeOwnerJob } from './owner-job.ts';
import { openLease } from './run-lease.ts';
import type { UndoCluster } from './undo-cluster.ts';

/** The label of everything that a run makes in a cluster. */
export const runLabel = 'squall.dev/run';
/** Of squall's own pods, sink, load and agent: tells them apart, and from members that were made for the run. */
export const programLabel = 'squall.dev/program';
/** Where in the ConfigMap its lines stand. */
export const journalKey = 'journal.jsonl';
export const renewEveryMs = 5_000;
/** For the garbage collector of the cluster, which works at the same time. */
const goneWithinMs = 10_000;

/**
 * What a run leaves to be seen in the cluster while it lasts: a Lease that it renews, a ConfigMap with what it is about
 * to do, and the Job that owns both. The Job has no pod at all (parallelism 0); past its deadline the cluster itself
 * removes it and with it the other two, also when nothing of squall is left anywhere.
 */
export interface RunRecord {
  /** For whatever else the run makes in the namespace: it goes with the record. */
  owner: V1OwnerReference;
  /**
   * Writes a line down in the cluster, if this run still holds its Lease; rejects when it was taken away, as by
   * `squall recover`: then nothing may be done any more. From a line with `restore` on, the ConfigMap outlives the Job:
   * what a change must be put back to is never thrown away by a deadline.
   */
  write(line: Record<string, unknown>): Promise<void>;
  /** Rejects when it was taken away: what was done since the last write() is then known to nobody else. */
  hold(): Promise<void>;
  /** Ends the renewal and removes all three; rejects when something is left. */
  close(): Promise<void>;
}

/** A run id as a label and as a part of names: its own letters where they are allowed, else with a hash. */
export function runName(runId: string): string {
  const name = runId.toLowerCase();
  if (/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(name) && name === runId) return name;
  const safe = name.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return `${safe.slice(0, 40)}-${createHash('sha256').update(runId).digest('hex').slice(0, 10)}`;
}

/** Of a run's Lease, ConfigMap and Job. `run`: its name in labels. */
export function recordName(run: string): string {
  return `squall-${run}`;
}

/** Makes Lease, ConfigMap and Job, and renews the Lease until close(). The undo must be written down before. */
export async function openRunRecord(options: {
  cluster: Cluster;
  namespace: string;
  runId: string;
  /** Longer than the run can last; then the cluster cleans up by itself. */
  deadlineS: number;
  clock: Clock;
}): Promise<RunRecord> {
  const { cluster, namespace, runId, clock } = options;
  const name = recordName(runName(runId));
  const labels = { [runLabel]: runName(runId), 'app.kubernetes.io/managed-by': 'squall' };
  const { deadlineS } = options;
  const reference = await makeOwnerJob(cluster, { namespace, name, labels, deadlineS });
  const metadata = { name, labels, ownerReferences: [reference] };
  const map = await cluster.core.createNamespacedConfigMap({
    namespace,
    body: { metadata, data: { run: runId, [journalKey]: '' } },
  });
  const writeMap = knownObject(map, {
    read: () => cluster.core.readNamespacedConfigMap({ namespace, name }),
    replace: (body) => cluster.core.replaceNamespacedConfigMap({ namespace, name, body }),
    isOwn: (found, unanswered) =>
      unanswered !== undefined && found.data?.[journalKey] === unanswered.data?.[journalKey],
  });
  const renew = await openLease(cluster, { namespace, metadata, clock });
  const ended = new AbortController();
  let last: Promise<void> = Promise.resolve();
  // One at a time: each write builds on the version that the one before it gave.
  const inTurn = (work: () => Promise<void>) => {
    last = last.catch(() => undefined).then(work); // each caller hears of its own failure
    return last;
  };
  const hold = () =>
    renew().catch((cause: unknown) => {
      throw new Error(`the run no longer holds its record in the cluster: ${reasonOf(cause)}`, { cause });
    });
  const keepUp = async () => {
    while (!ended.signal.aborted) {
      await clock.sleep(renewEveryMs, ended.signal).catch(() => undefined); // ended: the loop ends
      if (!ended.signal.aborted) await inTurn(renew).catch(() => undefined); // seen by the next write()
    }
  };
  const kept = keepUp();
  return {
    owner: reference,
    write: (line) =>
      inTurn(async () => {
        await hold();
        await writeMap((known) => {
          const { ownerReferences, ...kept } = known.metadata ?? {};
          const owners = 'restore' in line || ownerReferences === undefined ? {} : { ownerReferences };
          const text = `${known.data?.[journalKey] ?? ''}${JSON.stringify(line)}\n`;
          return {
            ...known,
            metadata: { ...kept, ...owners },
            data: { ...known.data, [journalKey]: text },
          };
        });
      }),
    hold: () => inTurn(hold),
    close: async () => {
      ended.abort();
      await kept;
      await removeRun(cluster, { namespace, run: runName(runId), clock });
    },
  };
}

/** A runner that slept before a change may have been given up meanwhile, and nobody else undoes it then: so it does. */
export async function holdOrUndo(
  record: Pick<RunRecord, 'hold'>,
  undo: () => Promise<unknown>,
): Promise<void> {
  try {
    await record.hold();
  } catch (error) {
    await settled(undo());
    throw error;
  }
}

interface RunObject {
  kind: 'networkpolicy' | 'networkchaos' | 'job' | 'lease' | 'configmap' | 'pod' | 'service';
  name: string;
  run: string;
  /** Of a Lease. */
  renewed?: string;
}

/** What of a run stands in a namespace: kind and name of each object, what bites first. `name`: only those of this name. */
export async function listRun(
  cluster: UndoCluster,
  options: { namespace: string; run?: string; name?: string },
): Promise<RunObject[]> {
  const { namespace, run, name } = options;
  const query = { namespace, labelSelector: run === undefined ? runLabel : `${runLabel}=${run}` };
  const [policies, chaos, jobs, leases, maps, pods, services] = await Promise.all([
    ifAllowed(cluster.networking.listNamespacedNetworkPolicy(query)),
    ifAllowed(cluster.custom.listNamespacedCustomObject({ ...networkChaos, ...query })),
    cluster.batch.listNamespacedJob(query),
    cluster.coordination.listNamespacedLease(query),
    cluster.core.listNamespacedConfigMap(query),
    ifAllowed(cluster.core.listNamespacedPod(query)),
    ifAllowed(cluster.core.listNamespacedService(query)),
  ]);
  const of = (metadata: { name?: string; labels?: Record<string, string> } | undefined) => ({
    name: metadata?.name ?? '',
    run: metadata?.labels?.[runLabel] ?? '',
  });
  const found: RunObject[] = [
    ...policies.map(({ metadata }) => ({ kind: 'networkpolicy' as const, ...of(metadata) })),
    ...chaos.map(({ metadata }) => ({ kind: 'networkchaos' as const, ...of(metadata) })),
    ...jobs.items.map(({ metadata }) => ({ kind: 'job' as const, ...of(metadata) })),
    ...leases.items.map(({ metadata, spec }) => ({
      kind: 'lease' as const,
      ...of(metadata),
      renewed: String(spec?.renewTime ?? ''),
    })),
    ...maps.items.map(({ metadata }) => ({ kind: 'configmap' as const, ...of(metadata) })),
    ...pods.map(({ metadata }) => ({ kind: 'pod' as const, ...of(metadata) })),
    ...services.map(({ metadata }) => ({ kind: 'service' as const, ...of(metadata) })),
  ];
  return found.filter((one) => name === undefined || one.name === name);
}

/** An account that may not list them has made none, and there is none of a kind that the cluster does not know. */
async function ifAllowed<T>(list: Promise<{ items: T[] }>): Promise<T[]> {
  try {
    return (await list).items;
  } catch (error) {
    if ([403, 404].includes(statusOf(error) ?? 0)) return [];
    throw error;
  }
}

/**
 * Removes what carries the run's label, and nothing else; idempotent. `but`: what is left for later. Rejects when
 * something else is left.
 */
export async function removeRun(
  cluster: UndoCluster,
  options: {
    namespace: string;
    run: string;
    name?: string;
    but?: (object: RunObject) => boolean;
    clock: Clock;
  },
): Promise<string[]> {
  const { namespace, but } = options;
  const list = async () => (await listRun(cluster, options)).filter((one) => but?.(one) !== true);
  const found = await list();
  for (const { kind, name } of found) {
    const remove = {
      networkpolicy: () => cluster.networking.deleteNamespacedNetworkPolicy({ namespace, name }),
      networkchaos: () => cluster.custom.deleteNamespacedCustomObject({ ...networkChaos, namespace, name }),
      // Without a policy the pods of a Job would be orphaned; what it owns goes with it.
      job: () => cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' }),
      lease: () => cluster.coordination.deleteNamespacedLease({ namespace, name }),
      configmap: () => cluster.core.deleteNamespacedConfigMap({ namespace, name }),
      pod: () => cluster.core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 1 }),
      service: () => cluster.core.deleteNamespacedService({ namespace, name }),
    };
    await orAbsent<unknown>(remove[kind]());
  }
  let left = found;
  await waitFor(options.clock, { timeoutMs: goneWithinMs, everyMs: 200 }, async () => {
    left = await list();
    return left.length === 0 ? true : undefined;
  });
  if (left.length > 0)
    throw new Error(`left in ${namespace}: ${left.map((o) => `${o.kind}/${o.name}`).join(', ')}`);
  return found.map(({ kind, name }) => `${kind}/${name}`);
}
