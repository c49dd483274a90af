import type { FindingCode } from '../base/finding-codes.ts';
import type { ClusterRecord } from '../observe/cluster-record.ts';
import { watchCluster } from '../observe/cluster-watch.ts';
import type { RunRecord } from '../observe/evidence.ts';
import type { Cluster } from '../target/kubernetes-client.ts';
import { missingRights, rightName, watchRights } from '../target/kubernetes-rights.ts';
import { podPart, podUsageUp } from './pod-usage.ts';
import { need, type Session } from './session.ts';

/** Begins to look on at what happens in the target's cluster and what its pods use, where it is in one. */
export async function observersUp(session: Session): Promise<void> {
  await podUsageUp(session);
  const { place } = need(session, 'target');
  if (place === undefined) return;
  const { target } = session.scenario;
  const namespaces = target.kind === 'kubernetes' ? target.namespaces : [place.namespace];
  session.clusterWatch = await watchCluster({
    cluster: place.cluster,
    namespaces,
    clock: session.clock,
    lacks: (namespace, resource) => lacksToWatch(place.cluster, namespace, resource),
  });
}

export async function observersDown({ clusterWatch, podUsage }: Session): Promise<void> {
  podUsage?.watch?.stop();
  await clusterWatch?.stop();
}

/** Rights by name. Where the API server does not say, none: it is tried all the same. */
export async function lacksToWatch(cluster: Cluster, namespace: string, resource: string): Promise<string[]> {
  const missing = await missingRights(cluster, watchRights(namespace, resource)).catch(() => []);
  return missing.map(rightName);
}

/** What was seen since then, from t = 0 on, and what has to be said about it. */
export function clusterPart(
  session: Session,
): Pick<RunRecord, 'cluster' | 'pods'> & { notes: RunRecord['notes'] } {
  if (session.clusterWatch === undefined) return { notes: [] };
  const cluster = sinceStart(session.clusterWatch.record(), need(session, 't0Ns'));
  const { notes, ...used } = podPart(session);
  return { cluster, ...used, notes: [...clusterNotes(cluster), ...notes] };
}

/** Times from t = 0; what ended before it is left out, a level before it stands at it. Pure. */
export function sinceStart(seen: ClusterRecord, t0Ns: number): ClusterRecord {
  return {
    ...seen,
    events: seen.events
      .map((event) => ({ ...event, atNs: event.atNs - t0Ns }))
      .filter(({ atNs }) => atNs >= 0),
    gaps: seen.gaps
      .filter(({ toNs }) => toNs >= t0Ns)
      .map(({ what, fromNs, toNs }) => ({ what, fromNs: Math.max(0, fromNs - t0Ns), toNs: toNs - t0Ns })),
    series: seen.series.map(({ points, ...series }) => {
      const before = points.findLast(([ns]) => ns < t0Ns);
      const after = points
        .filter(([ns]) => ns >= t0Ns)
        .map(([ns, value]): [number, number] => [ns - t0Ns, value]);
      return { ...series, points: before === undefined ? after : [[0, before[1]], ...after] };
    }),
  };
}

/** A pod that is killed for its memory again and again is one finding too many. */
const oomsNamed = 3;

/** Pure. */
export function clusterNotes(cluster: ClusterRecord): RunRecord['notes'] {
  const { unwatched } = cluster;
  const lacks = `The account may not watch ${unwatched.join(', ')}.`;
  const role = 'have an administrator apply k8s/squall/role.yaml in the namespace';
  return [
    ...oomNotes(cluster.events.filter(({ oom }) => oom === true)),
    ...spansOf(cluster.gaps).map(({ fromNs, toNs, whats }) =>
      note(
        'CLUSTER-GAP',
        'warn',
        `From ${seconds(fromNs)} to ${seconds(toNs)} s the API server was not reached: ${whats.join(', ')} were not watched.`,
        'read times of the event log in it as times of its end',
      ),
    ),
    ...(unwatched.length === 0 ? [] : [note('CLUSTER-UNWATCHED', 'info', lacks, role)]),
  ];
}

function oomNotes(killed: ClusterRecord['events']): RunRecord['notes'] {
  const more = killed.length - oomsNamed;
  return killed.slice(0, oomsNamed).map(({ atNs, what }, i) => {
    const others = i === oomsNamed - 1 && more > 0 ? ` ${more} more like it are in the event log.` : '';
    const sentence = `Killed for its memory, seen at ${seconds(atNs)} s: ${what}.${others}`;
    return note('OOM-KILLED', 'warn', sentence, 'raise its memory limit, or set memory_limiter below it');
  });
}

/** An API server that is away is away for all that is watched: gaps that overlap are one. */
function spansOf(gaps: ClusterRecord['gaps']): { fromNs: number; toNs: number; whats: string[] }[] {
  const spans: { fromNs: number; toNs: number; whats: string[] }[] = [];
  for (const { what, fromNs, toNs } of [...gaps].sort((a, b) => a.fromNs - b.fromNs)) {
    const last = spans.at(-1);
    if (last === undefined || fromNs > last.toNs) spans.push({ fromNs, toNs, whats: [what] });
    else {
      last.toNs = Math.max(last.toNs, toNs);
      if (!last.whats.includes(what)) last.whats.push(what);
    }
  }
  return spans;
}

function note(
  code: FindingCode,
  severity: 'warn' | 'info',
  sentence: string,
  next: string,
): RunRecord['notes'][number] {
  return { code, severity, sentence, next };
}

function seconds(ns: number): string {
  return (ns / 1e9).toFixed(1);
}
