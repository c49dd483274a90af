import type { Clock } from '../base/clock.ts';
import type { Cluster } from '../target/kubernetes-client.ts';
import { openLog } from './cluster-log.ts';
import { partsOf } from './cluster-parts.ts';
import type { ClusterRecord } from './cluster-record.ts';
import { follow } from './followed.ts';

export interface ClusterWatch {
  /** Times are of the monotonic clock; those of a gap that lasts end now. */
  record(): ClusterRecord;
  stop(): Promise<void>;
}

/**
 * Follows pods, endpoints, events and autoscalers of the namespaces until stop(). What the account may not watch is
 * left out and named; while the API server is away there is a gap, and what changed in it has the time of its end.
 */
export async function watchCluster(options: {
  cluster: Cluster;
  namespaces: readonly string[];
  clock: Clock;
  /** What the account lacks to list and watch this resource there, in words; empty: nothing. */
  lacks(namespace: string, resource: string): Promise<string[]>;
}): Promise<ClusterWatch> {
  const { cluster, clock } = options;
  const log = openLog(clock);
  const parts = options.namespaces.flatMap((namespace) =>
    partsOf(cluster, namespace, log).map((part) => ({ part, namespace })),
  );
  const follows = await Promise.all(
    parts.map(async ({ part, namespace }) => {
      const lacks = await options.lacks(namespace, part.resource);
      if (lacks.length === 0) return follow(part, { clock, log });
      log.unwatched.push(`${part.name} (${lacks.join(', ')})`);
      return undefined;
    }),
  );
  return {
    record: () => log.record(),
    stop: async () => {
      for (const one of follows) await one?.stop();
    },
  };
}
