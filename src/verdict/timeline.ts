import { rankOf } from '../base/histogram.ts';
import type { ClusterRecord } from '../observe/cluster-record.ts';
import { requestClass } from '../observe/evidence.ts';
import type { Report, TimelineSeries } from '../report/types.ts';
import type { Facts } from './facts.ts';
import { processSeries } from './process-series.ts';
import { answerNs, wasOffered } from './request-table.ts';
import { signalsOf } from './summary.ts';
import type { Window } from './windows.ts';

/** An hour in steps of 1 s; longer runs have longer steps, so that a soak's report stays one that can be opened. */
const stepsMax = 3600;

interface Steps {
  stepS: number;
  count: number;
}

/**
 * Per signal and step of the run: items offered (when sent), acknowledged (when answered) and delivered (when they
 * arrived), and P95 and P99 of the requests due in that step, null where they are infinite; items not acknowledged have
 * a series of their own. A point [t, v] stands for (t, t + stepS] seconds from t = 0.
 */
export function drawTimeline(facts: Facts, run: Window): Report['timeline'] {
  const steps = stepsOf(facts, run);
  const series = signalsOf(facts).flatMap((signal) => {
    const wanted = facts.record.plan.entries.map(({ spec }) => spec.signal === signal);
    return drawSignal(facts, { signal, wanted, steps });
  });
  const { prometheus, processes, pods, cluster } = facts.record;
  return {
    stepS: steps.stepS,
    series: [...series, ...prometheus.series, ...processSeries(processes, pods), ...levelSeries(cluster)],
  };
}

function drawSignal(
  facts: Facts,
  part: { signal: string; wanted: boolean[]; steps: Steps },
): TimelineSeries[] {
  const { table, deliveries } = facts;
  const { stepS, count } = part.steps;
  const stepOf = (ns: number | undefined) => stepAt(ns, stepS);
  const row = () => new Float64Array(part.steps.count);
  const [offered, acknowledged, delivered, without] = [row(), row(), row(), row()];
  const latencies = new Map<number, number[]>();
  const mine = (i: number) => part.wanted[table.entry[i] ?? -1] === true;
  for (let i = 0; i < table.count; i++) {
    if (!mine(i)) continue;
    const items = table.items[i] ?? 0;
    const dueStep = stepOf(table.dueNs[i]);
    if (wasOffered(table.kind[i])) add(offered, stepOf(table.sendNs[i]), items);
    const kept =
      table.kind[i] === requestClass.acknowledged ? items - Math.min(items, table.rejected[i] ?? 0) : 0;
    add(acknowledged, stepOf(table.finalNs[i]), kept);
    add(without, dueStep, items - kept);
    const known = latencies.get(dueStep);
    if (known === undefined) latencies.set(dueStep, [answerNs(table, i, 'due')]);
    else known.push(answerNs(table, i, 'due'));
  }
  for (let j = 0; j < deliveries.count; j++)
    if (mine(deliveries.request[j] ?? -1))
      add(delivered, stepOf(deliveries.arrivalNs[j]), deliveries.items[j] ?? 0);

  for (const answers of latencies.values()) answers.sort((a, b) => a - b);
  const percentile = (p: number): TimelineSeries => ({
    name: `P${p} ack ${part.signal}`,
    unit: 'ms',
    points: Array.from({ length: count }, (_, step) => {
      const sorted = latencies.get(step) ?? [];
      const ns = sorted[rankOf(p, sorted.length) - 1];
      return [step * stepS, ns === undefined || !Number.isFinite(ns) ? null : ns / 1e6];
    }),
  });
  const perS = (name: string, values: Float64Array): TimelineSeries => ({
    name: `${name} ${part.signal}`,
    unit: 'items/s',
    points: Array.from(values, (value, step) => [step * stepS, value / stepS]),
  });
  return [
    perS('offered', offered),
    perS('acknowledged', acknowledged),
    perS('delivered', delivered),
    perS('not acknowledged', without),
    percentile(95),
    percentile(99),
  ];
}

function stepsOf(facts: Facts, run: Window): Steps {
  const endS = Math.max(run.toNs, facts.record.settle.toNs, 0) / 1e9;
  if (!Number.isFinite(endS)) return { stepS: 1, count: 0 };
  const stepS = Math.max(1, Math.ceil(endS / stepsMax));
  return { stepS, count: Math.ceil(endS / stepS) };
}

/** Levels of the cluster; while one was not watched there is no value. */
function levelSeries(cluster: ClusterRecord | undefined): TimelineSeries[] {
  return (cluster?.series ?? []).map(({ name, unit, watch, points }) => {
    const gaps = (cluster?.gaps ?? []).filter(({ what }) => what === watch);
    const without = points.filter(([ns]) => !gaps.some(({ fromNs, toNs }) => ns > fromNs && ns < toNs));
    const edges = gaps.flatMap(({ fromNs, toNs }): [number, number | null][] => [
      [fromNs, null],
      [toNs, points.findLast(([ns]) => ns <= toNs)?.[1] ?? null],
    ]);
    const all = [...without, ...edges].sort(([a], [b]) => a - b);
    return { name, unit, points: all.map(([ns, value]) => [ns / 1e9, value]) };
  });
}

/** (t, t + stepS] belongs to one step, as windows have it; t = 0 itself to the first. */
function stepAt(ns: number | undefined, stepS: number): number {
  return ns === undefined || Number.isNaN(ns) ? -1 : Math.max(0, Math.ceil(ns / (stepS * 1e9)) - 1);
}

function add(values: Float64Array, step: number, items: number): void {
  if (step >= 0 && step < values.length) values[step] = (values[step] ?? 0) + items;
}
