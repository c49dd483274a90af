import type { Clock } from '../base/clock.ts';
import type { PodMetrics } from '../target/kubernetes-pod-metrics.ts';
import type { PodPlace } from '../target/pod-place.ts';
import type { Member } from '../target/target.ts';
import type { PodSample } from './cluster-record.ts';
import { type ContainerLook, type QuotaLook, quotaOf, readRows, usageOf } from './kubelet-pages.ts';

/** A kubelet looks at a container every 10 to 15 s as a rule, and some figures are fresher. */
const lookEveryMs = 5000;
/** The page with throttling has megabytes on a full node: every third look. */
const quotaEvery = 3;

/** Pages of a kubelet, by way of the API server; rejects when it does not give them. */
export type KubeletPages = (node: string, page: 'metrics/resource' | 'metrics/cadvisor') => Promise<string>;
export type NamespaceMetrics = (namespace: string) => Promise<PodMetrics[]>;

type Taken = Omit<PodSample, 'atS' | 'fromS'> & { fromMs: number; wallMs: number };

export interface PodUsageWatch {
  /** With the times at which the nodes looked, in seconds from t = 0 as this machine's clock had it. */
  samples(t0WallMs: number): PodSample[];
  stop(): void;
}

/**
 * CPU, memory and throttled periods of the members' pods as their kubelets count them, until stop(). Each sample is over
 * the time from the kubelet's look before; a pod that a kubelet does not tell of has none.
 */
export function watchKubelets(options: {
  members: readonly Member[];
  clock: Clock;
  read: KubeletPages;
}): PodUsageWatch {
  const { members, clock, read } = options;
  const usage = differences<ContainerLook>(({ cpuS }) => cpuS);
  const quota = differences<QuotaLook>(({ periods }) => periods);
  let looks = 0;
  return watch(clock, async (into) => {
    const withQuota = looks++ % quotaEvery === 0;
    const placed = placesOf(members);
    const rowsOf = async (node: string, page: Parameters<KubeletPages>[1], of: Placed[]) => {
      const text = await read(node, page).catch(() => ''); // a node that is away tells nothing
      const pods = new Set(of.map(({ place }) => `${place.namespace}/${place.pod}`));
      return readRows(text, { pods, lookedMs: clock.wallMs() });
    };
    await Promise.all(
      [...Map.groupBy(placed, ({ place }) => place.node)].map(async ([node, on]) => {
        const rows = await rowsOf(node, 'metrics/resource', on);
        const limited = withQuota ? on.filter(({ cpuMillis }) => cpuMillis !== undefined) : [];
        const quotas = limited.length === 0 ? [] : await rowsOf(node, 'metrics/cadvisor', limited);
        for (const { member, key, place } of on) {
          usage(key, usageOf(rows, place), (last, { wallMs, cpuS, memoryBytes }) => {
            const cpuCores = (cpuS - last.cpuS) / ((wallMs - last.wallMs) / 1000);
            into({ member, fromMs: last.wallMs, wallMs, cpuCores, memoryBytes });
          });
          quota(key, quotaOf(quotas, place), (last, { wallMs, ...now }) => {
            const periods = now.periods - last.periods;
            const throttledPeriods = now.throttledPeriods - last.throttledPeriods;
            into({ member, fromMs: last.wallMs, wallMs, periods, throttledPeriods });
          });
        }
      }),
    );
  });
}

/** CPU and memory of the members' pods by metrics.k8s.io: without nodes, and without throttling. */
export function watchPodMetrics(options: {
  members: readonly Member[];
  clock: Clock;
  read: NamespaceMetrics;
}): PodUsageWatch {
  const { members, clock, read } = options;
  const seen = new Map<string, number>();
  return watch(clock, async (into) => {
    const placed = placesOf(members);
    const namespaces = new Set(placed.map(({ place }) => place.namespace));
    await Promise.all(
      [...namespaces].map(async (namespace) => {
        const found = await read(namespace).catch(() => []); // the metrics server is away
        for (const { member, key, place } of placed) {
          const own = found.find(({ pod, container }) => pod === place.pod && container === place.container);
          if (place.namespace !== namespace || own === undefined || !(own.wallMs > (seen.get(key) ?? 0)))
            continue;
          seen.set(key, own.wallMs);
          const { wallMs, windowMs, cpuCores, memoryBytes } = own;
          into({ member, fromMs: wallMs - windowMs, wallMs, cpuCores, memoryBytes });
        }
      }),
    );
  });
}

function watch(clock: Clock, look: (into: (sample: Taken) => void) => Promise<void>): PodUsageWatch {
  const end = new AbortController();
  const taken: Taken[] = [];
  const run = async () => {
    while (!end.signal.aborted) {
      await look((sample) => taken.push(sample));
      await clock.sleep(lookEveryMs, end.signal).catch(() => undefined); // ended: the loop ends
    }
  };
  void run();
  return {
    samples: (t0WallMs) =>
      taken.map(({ fromMs, wallMs, ...sample }) => ({
        ...sample,
        fromS: (fromMs - t0WallMs) / 1000,
        atS: (wallMs - t0WallMs) / 1000,
      })),
    stop: () => end.abort(),
  };
}

interface Placed {
  member: string;
  /** A StatefulSet gives the next pod the name of the last. */
  key: string;
  place: PodPlace;
  cpuMillis: number | undefined;
}

function placesOf(members: readonly Member[]): Placed[] {
  return members.flatMap(({ name, pod, resources }) => {
    const place = pod?.place;
    if (place === undefined || place.node === '') return [];
    return [
      {
        member: name,
        key: `${place.node}/${place.namespace}/${place.pod}`,
        place,
        cpuMillis: resources?.cpuMillis,
      },
    ];
  });
}

/** Between a look and the one before; none where nothing is newer, or where the counter fell: a container began anew. */
function differences<L extends { wallMs: number }>(counter: (look: L) => number) {
  const before = new Map<string, L>();
  return (key: string, now: L | undefined, tell: (last: L, now: L) => void) => {
    const last = before.get(key);
    if (now === undefined || (last !== undefined && now.wallMs <= last.wallMs)) return;
    before.set(key, now);
    if (last !== undefined && counter(now) >= counter(last)) tell(last, now);
  };
}
