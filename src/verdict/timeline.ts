import { DurationHistogram } from '../base/histogram.ts';
import { requestClass } from '../observe/evidence.ts';
import type { Report, TimelineSeries } from '../report/types.ts';
import type { Facts } from './facts.ts';
import { answerNs, wasOffered } from './request-table.ts';
import { signalsOf } from './summary.ts';
import type { Window } from './windows.ts';

const stepS = 1;
/** A day: a timeline beyond it is cut, so that a wild time in the evidence cannot ask for a gigabyte. */
const stepsMax = 86_400;

/**
 * Per signal and second of the run: items offered (when sent), acknowledged (when answered) and delivered (when they
 * arrived), and the P99 of the requests due in that second, null where it is infinite; items not acknowledged have a
 * series of their own. A point [t, v] stands for (t, t + 1] seconds from t = 0.
 */
export function drawTimeline(facts: Facts, run: Window): Report['timeline'] {
  const steps = stepsOf(facts, run);
  const series = signalsOf(facts).flatMap((signal) => {
    const wanted = facts.record.plan.entries.map(({ spec }) => spec.signal === signal);
    return drawSignal(facts, { signal, wanted, steps });
  });
  return { stepS, series: [...series, ...facts.record.prometheus.series] };
}

function drawSignal(
  facts: Facts,
  part: { signal: string; wanted: boolean[]; steps: number },
): TimelineSeries[] {
  const { table, deliveries } = facts;
  const row = () => new Float64Array(part.steps);
  const [offered, acknowledged, delivered, without] = [row(), row(), row(), row()];
  const latency = new Map<number, DurationHistogram>();
  const mine = (i: number) => part.wanted[table.entry[i] ?? -1] === true;
  for (let i = 0; i < table.count; i++) {
    if (!mine(i)) continue;
    const items = table.items[i] ?? 0;
    const dueStep = stepOf(table.dueNs[i]);
    if (wasOffered(table.kind[i])) add(offered, stepOf(table.sendNs[i]), items);
    if (table.kind[i] === requestClass.acknowledged) add(acknowledged, stepOf(table.finalNs[i]), items);
    else add(without, dueStep, items);
    const histogram = latency.get(dueStep) ?? new DurationHistogram();
    histogram.record(answerNs(table, i, 'due'));
    latency.set(dueStep, histogram);
  }
  for (let j = 0; j < deliveries.count; j++)
    if (mine(deliveries.request[j] ?? -1))
      add(delivered, stepOf(deliveries.arrivalNs[j]), deliveries.items[j] ?? 0);

  const p99 = Array.from({ length: part.steps }, (_, step): [number, number | null] => {
    const ns = latency.get(step)?.percentile(99);
    return [step * stepS, ns === undefined || !Number.isFinite(ns) ? null : ns / 1e6];
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
    { name: `P99 ack ${part.signal}`, unit: 'ms', points: p99 },
  ];
}

function stepsOf(facts: Facts, run: Window): number {
  let endNs = Math.max(run.toNs, 0);
  for (const arrivalNs of facts.deliveries.arrivalNs) if (arrivalNs > endNs) endNs = arrivalNs;
  return Math.min(stepsMax, Math.ceil(endNs / (stepS * 1e9)));
}

/** (t, t + 1] belongs to step t, as windows have it; t = 0 itself to the first. */
function stepOf(ns: number | undefined): number {
  return ns === undefined || Number.isNaN(ns) ? -1 : Math.max(0, Math.ceil(ns / (stepS * 1e9)) - 1);
}

function add(values: Float64Array, step: number, items: number): void {
  if (step >= 0 && step < values.length) values[step] = (values[step] ?? 0) + items;
}
