import type { HpaCase } from './hpa-cases.ts';

/** What a real HPA saw and had decided at one time; kept when it changes. */
export interface HpaSample {
  atS: number;
  /** Of the Deployment, as set. */
  replicas: number;
  /** Whole per cent, as the HPA's own status has it. */
  utilization?: number;
  /** Millicores over the pods that count. */
  usedMillis: number;
  readyPods: number;
  missingPods: number;
  unreadyPods: number;
}

interface Items<T> {
  items: ({ metadata: { name: string; deletionTimestamp?: string; labels?: { app?: string } } } & T)[];
}

export interface Listed {
  hpas: Items<{
    status?: { currentMetrics?: { resource?: { current: { averageUtilization?: number } } }[] };
  }>;
  deployments: Items<{ spec: { replicas: number } }>;
  metrics: Items<{ timestamp: string; window: string; containers: { usage: { cpu: string } }[] }>;
  pods: Items<{
    status: {
      phase: string;
      conditions?: { type: string; status: string; lastTransitionTime: string }[];
    };
  }>;
}

/**
 * Which pods count, as the documentation says it and the controller does it for CPU in the first five minutes of a pod:
 * those that are ready, by a metric whose whole window lies after they became so.
 */
export function lookOf({ name }: HpaCase, listed: Listed, atS: number): HpaSample {
  const hpa = listed.hpas.items.find(({ metadata }) => metadata.name === name);
  const utilization = hpa?.status?.currentMetrics?.[0]?.resource?.current.averageUtilization;
  const deployment = listed.deployments.items.find(({ metadata }) => metadata.name === name);
  const sample = {
    atS: Math.round(10 * atS) / 10,
    replicas: deployment?.spec.replicas ?? 0,
    ...(utilization === undefined ? {} : { utilization }),
    usedMillis: 0,
    readyPods: 0,
    missingPods: 0,
    unreadyPods: 0,
  };
  for (const { metadata, status } of listed.pods.items) {
    if (metadata.labels?.app !== name || metadata.deletionTimestamp !== undefined) continue;
    if (status.phase === 'Failed') continue;
    const metric = listed.metrics.items.find((one) => one.metadata.name === metadata.name);
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    if (status.phase === 'Pending') sample.unreadyPods++;
    else if (metric === undefined) sample.missingPods++;
    else if (ready?.status !== 'True' || !isWhole(metric, ready.lastTransitionTime)) sample.unreadyPods++;
    else {
      sample.readyPods++;
      sample.usedMillis += metric.containers.reduce((sum, { usage }) => sum + millisOf(usage.cpu), 0);
    }
  }
  return sample;
}

function isWhole({ timestamp, window }: { timestamp: string; window: string }, readyAt: string): boolean {
  return Date.parse(timestamp) >= Date.parse(readyAt) + 1000 * Number.parseFloat(window);
}

/** "12345678n", "12m" or cores, rounded up to whole millicores as the controller reads them. */
function millisOf(cpu: string): number {
  const perMilli = { n: 1e6, u: 1e3, m: 1 }[cpu.at(-1) ?? ''] ?? 1e-3;
  return Math.ceil(Number.parseFloat(cpu) / perMilli);
}
