import type { KubeConfig } from '@kubernetes/client-node';
import { parseDuration } from '../base/units.ts';

/** What the metrics API says of one container of a pod. */
export interface PodMetrics {
  pod: string;
  container: string;
  /** End of the window over which CPU is a mean, by the clock of the node. */
  wallMs: number;
  windowMs: number;
  cpuCores: number;
  /** The working set: what the kernel cannot take back without asking the process. */
  memoryBytes: number;
}

/** CPU and memory of every pod of a namespace by metrics.k8s.io. Rejects where the cluster has no such API. */
export async function readPodMetrics(
  library: typeof import('@kubernetes/client-node'),
  config: KubeConfig,
  namespace: string,
): Promise<PodMetrics[]> {
  const { items } = await new library.Metrics(config).getPodMetrics(namespace);
  return items.flatMap(({ metadata, timestamp, window, containers }) =>
    containers.map(({ name, usage }) => ({
      pod: metadata.name,
      container: name,
      wallMs: Date.parse(timestamp),
      // Go writes 15.012s and 1m0.5s.
      windowMs: parseDuration(window) ?? 0,
      cpuCores: readQuantity(usage.cpu),
      memoryBytes: readQuantity(usage.memory),
    })),
  );
}

const suffixes: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity as the API writes what was measured, such as 12345678n or 20480Ki; NaN for another text. */
export function readQuantity(text: string): number {
  const [, digits, suffix = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  return Number(digits) * (suffixes[suffix] ?? Number.NaN);
}
