import type { Block } from '../capacity/percentile.ts';
import { judgeTrial, type Observation, type PercentileGoal } from '../capacity/trial.ts';
import type { GoalResult, TrialOrder, TrialOutcome } from '../capacity/types.ts';
import { type RunRecord, requestClass } from '../observe/evidence.ts';
import { readRecord } from '../record.ts';
import type { Report } from '../report/types.ts';
import type { SloSpec, ThresholdSpec } from '../scenario/types.ts';
import type { Deliveries } from '../verdict/deliveries.ts';
import { inScope } from '../verdict/facts.ts';
import { whyDisturbed } from '../verdict/other-work.ts';
import { answerNs, type RequestTable } from '../verdict/request-table.ts';
import { otherShareMax } from './capacity-checks.ts';
import { readDeliveries } from './evidence-files.ts';

/** Share of requests that may end without an acknowledgement before a rate counts as more than is carried. */
const unansweredShareMax = 0.01;

interface Trial {
  record: RunRecord;
  table: RequestTable;
  deliveries: Deliveries;
  report: Report;
  seconds: { warmup: number; all: number };
  /** A fault lasts for all of it: what it struck at its start is the fault's, and its restarts are meant. */
  struck: boolean;
}

/** The outcome of a trial, from what its run left on disk. */
export async function observeTrial(
  dir: string,
  ran: { order: TrialOrder; report: Report; costS: number; vary: string },
): Promise<TrialOutcome> {
  const { order, report, costS } = ran;
  const record = await readRecord(dir);
  const { table, deliveries } = await readDeliveries(dir, record);
  const warmup = Math.round(record.plan.warmupNs / 1e9);
  const seconds = { warmup, all: Math.round(record.plan.endNs / 1e9) };
  const struck = order.variant?.fault !== undefined;
  const trial: Trial = { record, table, deliveries, report, seconds, struck };
  const { status, reason, goals } = judgeTrial(observe(trial));
  const signal = record.plan.entries.find(({ spec }) => spec.name === ran.vary)?.spec.signal ?? 'traces';
  const latency = report.latency[signal]?.ack;
  const cpu = cpuSPerMillion(trial);
  const number = (name: 'p95Ms' | 'p99Ms', value: unknown) =>
    typeof value === 'number' ? { [name]: value } : {};
  return {
    ...order,
    status,
    reason,
    goals,
    costS,
    ...(cpu === undefined ? {} : { cpuSPerMillion: cpu }),
    acknowledgedPerS: report.rate[signal]?.acknowledgedPerS ?? 0,
    ...number('p95Ms', latency?.p95Ms),
    ...number('p99Ms', latency?.p99Ms),
  };
}

function observe(trial: Trial): Observation {
  const { record, report } = trial;
  const counts = Object.values(report.ledger);
  const sum = (of: (one: (typeof counts)[number]) => number) => counts.reduce((all, one) => all + of(one), 0);
  const due = sum((one) => one.due);
  const held = sum((one) => one.lost + one.pending);
  return {
    // The backlog is of all entries together.
    ratePerS: due / Math.max(1, trial.seconds.all),
    missedByGenerator: due === 0 ? 1 : report.validity.missedByGenerator / due,
    generatorReasons: report.validity.reasons,
    disturbed: whyDisturbed(record, {
      fromS: trial.seconds.warmup,
      toS: trial.seconds.all,
      shareMax: otherShareMax,
    }),
    // Every trial has a target of its own, and the canaries have passed it.
    idleAtStart: true,
    percentiles: [...record.plan.slos.flatMap((slo) => percentileGoals(trial, slo)), answered(trial)],
    others: otherGoals(trial),
    backlog: backlogOf(trial),
    drained: record.settle.shownEmpty || held === 0,
    delivered: sum((one) => one.delivered),
    lost: sum((one) => (trial.struck ? lostAfter(one, trial.seconds.warmup) : one.lost)),
    restarts: trial.struck
      ? 0
      : record.members.reduce((all, { starts }) => all + Math.max(0, starts.length - 1), 0) +
        record.processes.filter(({ restarted }) => restarted === true).length,
  };
}

function lostAfter(
  { lostIntervals }: Pick<NonNullable<Report['ledger']['traces']>, 'lostIntervals'>,
  atS: number,
): number {
  return lostIntervals.filter(({ dueToS }) => dueToS > atS).reduce((all, { count }) => all + count, 0);
}

function percentileGoals(trial: Trial, slo: SloSpec): PercentileGoal[] {
  const { source } = slo;
  if (source.kind !== 'measure' || !/^(ack|send)_duration$/.test(source.measure)) return [];
  const since = source.measure === 'send_duration' ? 'send' : 'due';
  return slo.thresholds.flatMap((threshold) => {
    const allowed = allowedShare(threshold);
    if (allowed === undefined) return [];
    const scope = { ...source.tags };
    const over = (i: number) => !keeps(threshold, answerNs(trial.table, i, since) / 1e6);
    return [{ name: `${slo.name} ${threshold.text}`, allowed, ...blocksOf(trial, { scope, over }) }];
  });
}

/** p(99)<50ms: 1 % of the requests may take longer. */
function allowedShare({ aggregation, operator }: ThresholdSpec): number | undefined {
  if (operator !== '<' && operator !== '<=') return undefined;
  if (aggregation === 'med') return 0.5;
  return typeof aggregation === 'object' && aggregation.percentile > 0 && aggregation.percentile < 100
    ? 1 - aggregation.percentile / 100
    : undefined;
}

function keeps({ operator, limit }: ThresholdSpec, value: number): boolean {
  return operator === '<' ? value < limit : value <= limit;
}

function answered(trial: Trial): PercentileGoal {
  const over = (i: number) => trial.table.kind[i] !== requestClass.acknowledged;
  return { name: 'answered', allowed: unansweredShareMax, ...blocksOf(trial, { scope: {}, over }) };
}

/** Requests by the second in which they were due. */
function blocksOf(
  { record, table, seconds }: Trial,
  question: { scope: Parameters<typeof inScope>[1]; over(i: number): boolean },
): { warmup: Block[]; measured: Block[] } {
  const wanted = record.plan.entries.map((entry) => inScope(entry, question.scope));
  const blocks = Array.from({ length: seconds.all }, (): Block => ({ requests: 0, over: 0 }));
  for (let i = 0; i < table.count; i++) {
    // What the generator missed is its own matter.
    if (wanted[table.entry[i] ?? -1] !== true || table.kind[i] === requestClass.missedByGenerator) continue;
    const block = blocks[secondOf(table.dueNs[i], seconds.all)];
    if (block === undefined) continue;
    block.requests++;
    if (question.over(i)) block.over++;
  }
  return { warmup: blocks.slice(0, seconds.warmup), measured: blocks.slice(seconds.warmup) };
}

/** Windows are open at their start: what is due at the very end of a second belongs to it. */
function secondOf(ns: number | undefined, all: number): number {
  return Math.min(all - 1, Math.max(0, Math.ceil((ns ?? Number.NaN) / 1e9) - 1));
}

/** Acknowledged items that had not arrived, by the end of each measured second. */
function backlogOf({ table, deliveries, seconds }: Trial): [number, number][] {
  const growth = new Float64Array(seconds.all);
  const add = (ns: number | undefined, items: number) => {
    if (ns === undefined || !(ns <= seconds.all * 1e9)) return;
    const at = secondOf(ns, seconds.all);
    growth[at] = (growth[at] ?? 0) + items;
  };
  for (let i = 0; i < table.count; i++)
    if (table.kind[i] === requestClass.acknowledged) add(table.dueNs[i], table.items[i] ?? 0);
  for (let j = 0; j < deliveries.count; j++) {
    const row = deliveries.request[j] ?? -1;
    if (table.kind[row] === requestClass.acknowledged)
      add(deliveries.arrivalNs[j], -(deliveries.items[j] ?? 0));
  }
  let held = 0;
  const points = Array.from(growth, (grown, i): [number, number] => {
    held += grown;
    return [i + 1, held];
  });
  return points.slice(seconds.warmup);
}

/** What no percentile of requests says, as the run judged it. */
function otherGoals({ record, report, struck }: Trial): GoalResult[] {
  return record.plan.slos.flatMap((slo) => {
    const texts = slo.thresholds
      .filter((threshold) => !isPercentile(slo) || allowedShare(threshold) === undefined)
      .map(({ text }) => text);
    const hard = slo.source.kind === 'measure' && /^items_(lost|undelivered)$/.test(slo.source.measure);
    if (hard && struck) return [];
    return report.slos
      .filter(({ name, threshold }) => name === slo.name && texts.includes(threshold))
      .map(({ name, threshold, verdict, reason }) => ({
        name: `${name} ${threshold}`,
        hard,
        verdict,
        reason,
      }));
  });
}

function isPercentile({ source }: SloSpec): boolean {
  return source.kind === 'measure' && /^(ack|send)_duration$/.test(source.measure);
}

/** CPU of all members while the measured part went on, over the items delivered in all of its share. */
function cpuSPerMillion({ record, report, seconds }: Trial): number | undefined {
  const inside = record.processes.filter(({ atS }) => atS > seconds.warmup && atS <= seconds.all);
  const members = new Set(inside.map(({ member }) => member));
  if (members.size === 0) return undefined;
  let cores = 0;
  for (const member of members) {
    const own = inside.filter((sample) => sample.member === member);
    cores += own.reduce((sum, { cpuCores }) => sum + cpuCores, 0) / own.length;
  }
  const perS = Object.values(report.rate).reduce((sum, { deliveredPerS }) => sum + deliveredPerS, 0);
  return perS > 0 ? (cores / perS) * 1e6 : undefined;
}
