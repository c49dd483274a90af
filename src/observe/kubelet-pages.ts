import type { PodPlace } from '../target/pod-place.ts';

/** A sample of a page of Prometheus text with its own time, as kubelets write it. */
interface Row {
  name: string;
  labels: Record<string, string>;
  value: number;
  wallMs: number;
}

/** What a container had used when the kubelet looked at it. */
export interface ContainerLook {
  /** By the clock of the node. */
  wallMs: number;
  cpuS: number;
  /** The working set, by which the kernel and the kubelet judge. */
  memoryBytes: number;
}

/** Periods of the CPU quota since the container began, and those in which it was held back. */
export interface QuotaLook {
  wallMs: number;
  periods: number;
  throttledPeriods: number;
}

const usageNames = [
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'pod_cpu_usage_seconds_total',
  'pod_memory_working_set_bytes',
];
const quotaNames = ['container_cpu_cfs_periods_total', 'container_cpu_cfs_throttled_periods_total'];

/** From /metrics/resource; of the container that serves, or of the whole pod where no container is told apart. */
export function usageOf(rows: readonly Row[], place: PodPlace): ContainerLook | undefined {
  const [cpuName, memoryName, podCpuName, podMemoryName] = usageNames;
  const cpu = rowOf(rows, place, cpuName) ?? rowOf(rows, place, podCpuName);
  const memory = rowOf(rows, place, memoryName) ?? rowOf(rows, place, podMemoryName);
  if (cpu === undefined || memory === undefined) return undefined;
  return { wallMs: cpu.wallMs, cpuS: cpu.value, memoryBytes: memory.value };
}

/**
 * From /metrics/cadvisor; undefined for a container without a limit. Quotas nest, so that one level is read: the
 * container's, or the pod's where the kubelet tells no containers apart.
 */
export function quotaOf(rows: readonly Row[], place: PodPlace): QuotaLook | undefined {
  const [periods, throttled] = quotaNames.map((name) => rowOf(rows, place, name));
  if (periods === undefined || throttled === undefined) return undefined;
  return { wallMs: periods.wallMs, periods: periods.value, throttledPeriods: throttled.value };
}

function rowOf(rows: readonly Row[], place: PodPlace, name: string | undefined): Row | undefined {
  const own = rows.filter(
    (row) => row.name === name && row.labels.namespace === place.namespace && row.labels.pod === place.pod,
  );
  const named = own.filter(({ labels }) => labels.container === place.container);
  const whole = own.filter(({ labels }) => (labels.container ?? '') === '');
  // Of one that was started again the dead one's row stays for a while.
  return (named.length > 0 ? named : whole).sort((a, b) => b.wallMs - a.wallMs)[0];
}

/** Rows of these pods alone: a node's page may have megabytes. Those without a time have the time of the look. */
export function readRows(text: string, of: { pods: ReadonlySet<string>; lookedMs: number }): Row[] {
  const rows: Row[] = [];
  const names = new Set([...usageNames, ...quotaNames]);
  for (const line of linesOf(text)) {
    const brace = line.indexOf('{');
    const name = brace < 0 ? '' : line.slice(0, brace);
    if (!names.has(name)) continue;
    const end = line.lastIndexOf('}');
    const labels = labelsIn(line.slice(brace + 1, end));
    if (!of.pods.has(`${labels.namespace}/${labels.pod}`)) continue;
    const [value = '', wallMs] = line
      .slice(end + 1)
      .trim()
      .split(' ');
    rows.push({
      name,
      labels,
      value: Number(value),
      wallMs: wallMs === undefined ? of.lookedMs : Number(wallMs),
    });
  }
  return rows;
}

function* linesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const found = text.indexOf('\n', from);
    const to = found < 0 ? text.length : found;
    yield text.slice(from, to);
    from = to + 1;
  }
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g))
    labels[name] = value;
  return labels;
}
