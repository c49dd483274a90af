import { DurationHistogram } from '../base/histogram.ts';
import { type Signal, signals } from '../base/signal.ts';
import { type RunRecord, requestClass } from '../observe/evidence.ts';
import type { Report } from '../report/types.ts';
import type { Deliveries } from './deliveries.ts';
import type { MeasureSpec } from './regression.ts';
import { answerNs, type RequestTable, wasOffered } from './request-table.ts';

/** One run, as far as it is compared. */
export interface RunEvidence {
  record: RunRecord;
  report: Report;
  table: RequestTable;
  deliveries: Deliveries;
}

/** (fromS, toS] of the plan. */
export interface Span {
  fromS: number;
  toS: number;
}

/** A measure with a value in every stretch of a run; undefined where the stretch says too little. */
export interface TimedMeasure extends MeasureSpec {
  value(run: RunEvidence, span: Span): number | undefined;
}

/** One with a number of items for the whole run. */
export interface CountedMeasure extends MeasureSpec {
  count(report: Report): number | undefined;
}

/** Observations beyond a percentile that a stretch must have. */
const beyondMin = 2;

/**
 * The margins are those of the field's regression gates (CPU, memory and throughput 5 %, P95 10 %, P99 15 %); two runs of
 * one build on a shared machine differ by twice as much again, latencies more. One run each does not show that, so that
 * its margins have it in them.
 */
export function timedMeasures(record: RunRecord): TimedMeasure[] {
  const own = signals.filter((signal) => record.plan.entries.some(({ spec }) => spec.signal === signal));
  return [
    ...own.flatMap((signal) => [
      percentile(signal, { percent: 95, margin: 0.1, aloneMargin: 0.25, needed: true }),
      percentile(signal, { percent: 99, margin: 0.15, aloneMargin: 0.4, needed: false }),
      deliveryP95(signal),
      rate(signal),
    ]),
    ...(record.processes.length === 0 ? [] : [cpu, memory]),
  ];
}

/** What no statistics are needed for: the first item counts. */
export const lost: CountedMeasure = counted('items lost', (report) =>
  sumLedger(report, (counts) => counts.lost),
);
export const countedMeasures: CountedMeasure[] = [
  lost,
  counted('items not acknowledged', (report) =>
    sumLedger(report, (counts) => counts.rejected + counts.refused + counts.unknown),
  ),
  counted('items missed by the target', ({ validity }) => validity.missedByTarget),
  counted('restarts', ({ run }) => run.members.reduce((sum, { starts }) => sum + Math.max(0, starts - 1), 0)),
];

function percentile(
  signal: Signal,
  of: { percent: number; margin: number; aloneMargin: number; needed: boolean },
): TimedMeasure {
  const { percent, ...spec } = of;
  return {
    name: `ack_duration{signal:${signal}} P${percent}`,
    unit: 'ms',
    better: 'less',
    ...spec,
    value: ({ record, table }, span) => {
      const histogram = new DurationHistogram();
      eachRequest({ record, table }, { signal, span }, (i) => histogram.record(answerNs(table, i, 'due')));
      return inMs(histogram, percent);
    },
  };
}

function deliveryP95(signal: Signal): TimedMeasure {
  return {
    name: `delivery_duration{signal:${signal}} P95`,
    unit: 'ms',
    better: 'less',
    margin: 0.1,
    aloneMargin: 0.25,
    needed: false,
    value: ({ record, table, deliveries }, span) => {
      const wanted = new Uint8Array(table.count);
      eachRequest({ record, table }, { signal, span }, (i) => {
        wanted[i] = 1;
      });
      const histogram = new DurationHistogram();
      for (let j = 0; j < deliveries.count; j++) {
        const row = deliveries.request[j] ?? -1;
        if (wanted[row] === 1) histogram.record((deliveries.arrivalNs[j] ?? 0) - (table.dueNs[row] ?? 0));
      }
      return inMs(histogram, 95);
    },
  };
}

function rate(signal: Signal): TimedMeasure {
  return {
    name: `acknowledged_rate{signal:${signal}}`,
    unit: 'items/s',
    better: 'more',
    margin: 0.05,
    aloneMargin: 0.05,
    needed: true,
    value: ({ record, table }, span) =>
      acknowledged({ record, table }, { signal, span }) / (span.toS - span.fromS),
  };
}

const cpu: TimedMeasure = {
  name: 'CPU of the members per million items',
  unit: 's',
  better: 'less',
  margin: 0.05,
  aloneMargin: 0.15,
  needed: true,
  value: ({ record, table }, span) => {
    const items = acknowledged({ record, table }, { span });
    const cores = sumOfMembers(record, span, (of) => meanOf(of.map(({ cpuCores }) => cpuCores)));
    return cores === undefined || items === 0 ? undefined : (cores * (span.toS - span.fromS) * 1e6) / items;
  },
};

const memory: TimedMeasure = {
  name: 'memory of the members, peak',
  unit: 'bytes',
  better: 'less',
  margin: 0.05,
  aloneMargin: 0.15,
  needed: true,
  value: ({ record }, span) =>
    sumOfMembers(record, span, (of) => Math.max(...of.map(({ rssBytes }) => rssBytes))),
};

function counted(name: string, count: CountedMeasure['count']): CountedMeasure {
  return { name, unit: 'count', better: 'less', margin: 0.1, aloneMargin: 0.1, needed: true, count };
}

function eachRequest(
  { record, table }: Pick<RunEvidence, 'record' | 'table'>,
  of: { signal?: Signal; span: Span },
  visit: (row: number) => void,
): void {
  const wanted = record.plan.entries.map(({ spec }) => of.signal === undefined || spec.signal === of.signal);
  const [fromNs, toNs] = [of.span.fromS * 1e9, of.span.toS * 1e9];
  for (let i = 0; i < table.count; i++) {
    const dueNs = table.dueNs[i] ?? Number.NaN;
    if (dueNs > fromNs && dueNs <= toNs && wanted[table.entry[i] ?? -1] === true && wasOffered(table.kind[i]))
      visit(i);
  }
}

function acknowledged(
  run: Pick<RunEvidence, 'record' | 'table'>,
  of: { signal?: Signal; span: Span },
): number {
  let items = 0;
  eachRequest(run, of, (i) => {
    if (run.table.kind[i] === requestClass.acknowledged) items += run.table.items[i] ?? 0;
  });
  return items;
}

/** Undefined where a percentile has hardly an observation beyond it. */
function inMs(histogram: DurationHistogram, percent: number): number | undefined {
  if (histogram.count * (1 - percent / 100) < beyondMin) return undefined;
  const ns = histogram.percentile(percent);
  return ns === undefined ? undefined : ns / 1e6;
}

function sumOfMembers(
  { processes }: RunRecord,
  { fromS, toS }: Span,
  of: (samples: RunRecord['processes']) => number,
): number | undefined {
  const inside = processes.filter(({ atS }) => atS > fromS && atS <= toS);
  const members = new Set(processes.map(({ member }) => member));
  let sum = 0;
  for (const member of members) {
    const own = inside.filter((sample) => sample.member === member);
    if (own.length === 0) return undefined;
    sum += of(own);
  }
  return sum;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sumLedger(
  { ledger }: Report,
  of: (counts: NonNullable<Report['ledger'][Signal]>) => number,
): number | undefined {
  const all = Object.values(ledger).map(of);
  const sum = all.reduce((total, one) => total + one, 0);
  return all.length === 0 || !Number.isFinite(sum) ? undefined : sum;
}
