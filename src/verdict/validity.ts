import { DurationHistogram } from '../base/histogram.ts';
import { type FaultRecord, ranToEnd } from '../observe/evidence.ts';
import type { Report } from '../report/types.ts';
import type { SloSpec } from '../scenario/types.ts';
import { hasBegun } from './drill.ts';
import { type Facts, rowsIn, tally } from './facts.ts';
import { format } from './measured.ts';
import { wasOffered } from './request-table.ts';
import { faultBounds, findWindow } from './windows.ts';

/** Share of wake-ups that may be late: beyond it, bursts stand in the place of an even load. */
const lateTickShareMax = 0.01;
/** A load thread busier than this has no time left to be on time. */
const cpuRatioMax = 0.95;
/** Send lag is late in the sense of GeneratorHealth.lateTicks from here on. */
const sendLagMsMax = 10;

/** Whether the generator did its part: the figures, and in words what makes the run not valid. */
export function assessValidity(facts: Facts, slos: SloSpec[]): Report['validity'] {
  const { record, table } = facts;
  const run = findWindow(facts.windows, 'run');
  const all = run === undefined ? new Int32Array() : rowsIn(facts, {}, run, 'ledger');
  const counts = tally(facts, all);
  const lag = new DurationHistogram();
  for (const i of run === undefined ? all : rowsIn(facts, {}, run, 'measured'))
    if (wasOffered(table.kind[i])) lag.record((table.sendNs[i] ?? Number.NaN) - (table.dueNs[i] ?? 0));
  const lagMs = (percent: number) => finiteMs(lag.percentile(percent));
  const { lateTicks, ticks, cpuRatioMax: cpuRatio } = record.generator;

  const reasons: string[] = [];
  if (counts.due === 0) reasons.push('nothing was due: the generator left no record of a request');
  if (counts.missedByGenerator > 0)
    reasons.push(`the generator itself missed ${format(counts.missedByGenerator)} due items`);
  if (ticks > 0 && lateTicks / ticks > lateTickShareMax)
    reasons.push(`${format((100 * lateTicks) / ticks)} % of the generator's wake-ups were over 10 ms late`);
  if (cpuRatio > cpuRatioMax) reasons.push(`a load thread was busy ${format(100 * cpuRatio)} % of the time`);
  const lagLimitMs = Math.max(sendLagMsMax, tightestMs(slos));
  const p99 = lagMs(99);
  if (p99 !== null && p99 > lagLimitMs)
    reasons.push(`1 % of the requests left over ${format(p99)} ms after they were due`);
  return {
    valid: reasons.length === 0,
    reasons,
    offeredRatio: counts.due === 0 ? null : counts.offered / counts.due,
    missedByGenerator: counts.missedByGenerator,
    missedByTarget: counts.missedByTarget,
    sendLagMs: { p50: lagMs(50), p99, max: finiteMs(lag.max) },
    generatorCpuRatio: Number.isFinite(cpuRatio) ? cpuRatio : null,
    scrapeCoverage: record.prometheus.coverage,
    clockSkewMs: record.prometheus.skewMs,
  };
}

/** Faults that the run reached and that were not seen to act and to end. */
export function faultsWithoutEffect(facts: Facts): FaultRecord[] {
  const { record } = facts;
  const planned = record.faults.filter((fault) => !fault.verified && wasReached(facts, fault));
  const recorded = new Set(record.faults.map(({ name }) => name));
  const forgotten = record.plan.faults
    .filter(({ spec }) => !recorded.has(spec.name))
    .map(
      (fault): FaultRecord => ({
        name: fault.spec.name,
        kind: fault.spec.kind,
        members: [],
        intended: { startNs: fault.startNs, ...(fault.endNs === undefined ? {} : { endNs: fault.endNs }) },
        observed: {},
        effect: 'no record of it was left',
        verified: false,
        recovery: {},
      }),
    )
    .filter((fault) => wasReached(facts, fault));
  return [...planned, ...forgotten];
}

/** A run that was cut short before the fault's time says nothing about the fault. */
function wasReached(facts: Facts, fault: FaultRecord): boolean {
  if (ranToEnd(facts.record)) return true;
  if (faultBounds(fault, facts.table).injectedNs !== undefined) return true;
  const { drill } = facts.record;
  if (drill !== undefined) return hasBegun(drill, fault.name);
  const run = findWindow(facts.windows, 'run');
  return run !== undefined && fault.intended.startNs < run.toNs;
}

function tightestMs(slos: SloSpec[]): number {
  const limits = slos
    .filter(
      ({ source }) => source.kind === 'measure' && /^(ack|send|delivery)_duration$/.test(source.measure),
    )
    .flatMap(({ thresholds }) => thresholds.filter(({ operator }) => operator.startsWith('<')))
    .map(({ limit }) => limit);
  return limits.length === 0 ? 0 : Math.min(...limits);
}

function finiteMs(ns: number | undefined): number | null {
  return ns === undefined || !Number.isFinite(ns) ? null : ns / 1e6;
}
