/** What was seen of the cluster that a target is in, beside its members. Times in ns from t = 0. */
export interface ClusterRecord {
  /** Pods, restarts, endpoints, autoscalers, and what the cluster's components said. `oom`: killed for its memory. */
  events: { atNs: number; what: string; oom?: true }[];
  /** Beyond what is kept of them. */
  leftOut?: number;
  /** When something was not watched that should have been: what changed then has the time at which it was seen. */
  gaps: { what: string; fromNs: number; toNs: number }[];
  /** What the account may not watch, with the rights that it lacks. */
  unwatched: string[];
  /** Levels, each from its time on. `watch`: what is watched for it, as gaps name it. */
  series: { name: string; unit: string; watch: string; points: [number, number][] }[];
}

/** What the container of a pod used from `fromS` to `atS`, in seconds from t = 0 by the clock of its node. */
export interface PodSample {
  member: string;
  fromS: number;
  atS: number;
  /** Mean over that time. */
  cpuCores?: number;
  /** The working set at its end: by it a kernel and a kubelet judge, and it counts page cache in use too. */
  memoryBytes?: number;
  /** Periods of the CPU quota, and those of them in which the container was held back. */
  periods?: number;
  throttledPeriods?: number;
}
