import type { V1Lease } from '@kubernetes/client-node';
import type { Clock } from '../base/clock.ts';
import type { BareCluster } from './bare-cluster.ts';
import { orAbsent, statusOf } from './kubernetes-client.ts';
import { recordName, removeRun } from './kubernetes-record.ts';
import { restoreRecorded } from './kubernetes-restore.ts';

/** What a look at a run's Lease showed. */
export type LeaseLook =
  /** mine: this guard has taken it. lastsMs: how long a holder may leave it as it is. */
  | { kind: 'there'; version: string; mine: boolean; lastsMs: number }
  /** Whoever held it holds it no more, and the run's record is there still. */
  | { kind: 'gone' }
  /** Neither is there: the run's end, or that of somebody who has undone it. */
  | { kind: 'ended' }
  /** Another run has its name. */
  | { kind: 'other' }
  /** The API server does not answer, or refuses; why. */
  | { kind: 'silent'; why: string };

/** A run as its guard in the cluster sees it. */
export interface GuardedRun {
  /** Never rejects. */
  look(): Promise<LeaseLook>;
  /**
   * Takes the Lease, if it is at this version still: the run can write nothing from then on, and other guards stand by.
   * False: another wrote it meanwhile. Rejects when nobody knows, as without an answer.
   */
  take(version: string): Promise<boolean>;
  /** Puts back and removes what is of the run, its record last. Gives what was done; rejects with what is left. */
  undo(): Promise<string[]>;
}

/** Names of what a run's guard is; of its pods as of their Job, with more behind. */
export function guardName(run: string): string {
  return `squall-guard-${run}`;
}

const lookMs = 3_000;
/** Longer than one try at undoing takes. */
const guardLeaseS = 60;
/** Of a Lease that does not say: as long as a run's. */
const leaseS = 15;

export function guardedRun(
  cluster: BareCluster,
  at: { namespace: string; run: string; pod: string; clock: Clock },
): GuardedRun {
  const { namespace, run, clock } = at;
  const name = recordName(run);
  const holder = `squall-guard/${at.pod}`;
  let uid: string | undefined;
  let latest: V1Lease = {};
  return {
    look: async () => {
      try {
        const found = await orAbsent(cluster.lease.read({ namespace, name, withinMs: lookMs }));
        if (found === undefined) {
          const record = await orAbsent(cluster.core.readNamespacedConfigMap({ namespace, name }));
          return { kind: record === undefined ? 'ended' : 'gone' };
        }
        latest = found;
      } catch (error) {
        return { kind: 'silent', why: error instanceof Error ? error.message : String(error) };
      }
      const { metadata, spec } = latest;
      uid ??= metadata?.uid;
      if (metadata?.uid !== uid) return { kind: 'other' };
      return {
        kind: 'there',
        version: metadata?.resourceVersion ?? '',
        mine: spec?.holderIdentity === holder,
        lastsMs: (spec?.leaseDurationSeconds ?? leaseS) * 1000,
      };
    },
    take: async (version) => {
      const spec = {
        ...latest.spec,
        holderIdentity: holder,
        leaseDurationSeconds: guardLeaseS,
        leaseTransitions: (latest.spec?.leaseTransitions ?? 0) + 1,
      };
      const metadata = { ...latest.metadata, resourceVersion: version };
      try {
        await cluster.lease.replace({ namespace, name, body: { ...latest, metadata, spec } });
        return true;
      } catch (error) {
        if ([404, 409].includes(statusOf(error) ?? 0)) return false;
        throw error;
      }
    },
    undo: async () => {
      const restored = await restoreRecorded(cluster, { namespace, run });
      // The guard itself, and what it works by, go with the record.
      const but = (one: { name: string }) => one.name === name || one.name.startsWith(guardName(run));
      const removed = await removeRun(cluster, { namespace, run, but, clock });
      const done = [...restored, ...removed.map((one) => `${one} removed`)];
      if (done.length > 0) await cluster.event(namespace, undoneEvent(at, done)).catch(() => undefined); // a courtesy
      await orAbsent(cluster.core.deleteNamespacedConfigMap({ namespace, name }));
      const propagationPolicy = 'Background';
      await orAbsent(cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy }));
      return done;
    },
  };
}

/** For `kubectl get events`: nothing else of the run is left to tell it. */
function undoneEvent(at: { namespace: string; run: string; clock: Clock }, done: readonly string[]): object {
  const { namespace, run, clock } = at;
  const name = recordName(run);
  const now = new Date(clock.wallMs()).toISOString();
  return {
    metadata: { generateName: `${name}-`, namespace },
    involvedObject: { apiVersion: 'batch/v1', kind: 'Job', namespace, name },
    type: 'Warning',
    reason: 'RunUndone',
    message: `the run ${run} was gone: ${done.join(', ')}`.slice(0, 1000),
    source: { component: 'squall-guard' },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}
