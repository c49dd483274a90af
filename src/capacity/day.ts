import { freshHpa, type HpaSpec, stepHpa, wholePercent } from './hpa.ts';

/** Items per second at a time of the day, for every second asked. */
export type LoadCurve = (atS: number) => number;

export interface DayInput {
  curve: LoadCurve;
  lengthS: number;
  /** What one pod carries, items per second, and its CPU (share of its request) there. */
  capacityPerS: number;
  cpuAtCapacity: number;
  hpa: HpaSpec;
  /** Between two turns of the controller; age of the metric it sees; from "start a pod" to "it takes load". */
  turnS: number;
  metricLagS: number;
  startLagS: number;
  /** Price of one pod for an hour. */
  podHour: number;
}

export interface DayResult {
  /** Time in which the load was above what the ready pods carry, and the items above it. */
  underMinutes: number;
  itemsAbove: number;
  items: number;
  replicasMax: number;
  podHours: number;
  cost: number;
  /** Of what was carried; null without an item. */
  costPerMillion: number | null;
}

/** kubernetes.io: --horizontal-pod-autoscaler-sync-period; metrics-server's resolution and scrape. */
export const usualLags = { turnS: 15, metricLagS: 30, startLagS: 30 } as const;

/**
 * A day second by second: the HPA sees the mean CPU of the ready pods as it was metricLagS ago, and a pod that it
 * starts takes load startLagS later. CPU grows with the load of a pod and stays at what it is at capacity beyond it:
 * that is why an HPA on CPU never asks for more than 1 / target times the replicas at once.
 */
export function simulateDay(input: DayInput): DayResult {
  const { curve, lengthS, capacityPerS, cpuAtCapacity, hpa, turnS, metricLagS, startLagS } = input;
  // As few as the HPA leaves alone.
  const most = capacityPerS * hpa.target * (1 + hpa.tolerance);
  const least = Math.ceil((curve(0) * cpuAtCapacity) / most);
  let wanted = Math.min(hpa.maxReplicas, Math.max(hpa.minReplicas, least));
  let [state, ready] = [freshHpa, wanted];
  const starting: number[] = [];
  const cpu = new Float64Array(lengthS);
  const result = { underS: 0, itemsAbove: 0, items: 0, podS: 0, replicasMax: wanted };
  for (let atS = 0; atS < lengthS; atS++) {
    while ((starting[0] ?? Number.POSITIVE_INFINITY) <= atS) {
      starting.shift();
      ready++;
    }
    const load = curve(atS);
    const carried = ready * capacityPerS;
    cpu[atS] = cpuAtCapacity * Math.min(1, load / carried);
    if (load > carried) result.underS++;
    result.itemsAbove += Math.max(0, load - carried);
    result.items += load;
    result.podS += wanted;
    if (atS % turnS !== 0) continue;
    const metric = wholePercent(cpu[Math.max(0, atS - metricLagS)] ?? 0);
    const next = stepHpa(hpa, state, { atS, replicas: wanted, metric, readyPods: ready });
    for (let more = wanted; more < next.replicas; more++) starting.push(atS + startLagS);
    for (let fewer = next.replicas; fewer < wanted; fewer++) if (starting.pop() === undefined) ready--;
    [wanted, state] = [next.replicas, next.state];
    result.replicasMax = Math.max(result.replicasMax, wanted);
  }
  const { underS, itemsAbove, items, podS, replicasMax } = result;
  const [podHours, carriedItems] = [podS / 3600, items - itemsAbove];
  const cost = podHours * input.podHour;
  const costPerMillion = carriedItems > 0 ? cost / (carriedItems / 1e6) : null;
  return { underMinutes: underS / 60, itemsAbove, items, replicasMax, podHours, cost, costPerMillion };
}

/** Headroom that an HPA on CPU leaves: it does nothing below target x (1 + tolerance). */
export function headroomOf(
  { target, tolerance }: Pick<HpaSpec, 'target' | 'tolerance'>,
  cpuAtCapacity = 1,
): number {
  return cpuAtCapacity / (target * (1 + tolerance));
}

/** Between low at night and peak at midday, as a cosine over 24 h. */
export function dailyCosine({ lowPerS, peakPerS }: { lowPerS: number; peakPerS: number }): LoadCurve {
  const [middle, half] = [(peakPerS + lowPerS) / 2, (peakPerS - lowPerS) / 2];
  return (atS) => middle - half * Math.cos((2 * Math.PI * atS) / 86_400);
}

/** "seconds,items per second" per line (a head line is left out), straight lines between; the last value stays. */
export function parseCurve(csv: string): LoadCurve | undefined {
  const points = csv
    .split(/\r?\n/)
    .map((line) => line.split(',').map(Number))
    .filter(([at, perS]) => Number.isFinite(at) && Number.isFinite(perS) && (perS ?? -1) >= 0)
    .map(([at = 0, perS = 0]) => [at, perS] as const)
    .sort(([a], [b]) => a - b);
  if (points.length === 0) return undefined;
  return (atS) => {
    const after = points.findIndex(([at]) => at > atS);
    const [at, perS] = points[after < 0 ? points.length - 1 : Math.max(0, after - 1)] ?? [0, 0];
    const next = after > 0 ? points[after] : undefined;
    return next === undefined || atS <= at ? perS : perS + ((next[1] - perS) * (atS - at)) / (next[0] - at);
  };
}
