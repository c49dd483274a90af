import type { DurationHistogram } from '../base/histogram.ts';
import { type Signal, signals } from '../base/signal.ts';
import type { LostInterval } from '../observe/ledger-types.ts';
import type { FaultResult, LatencySummary, Report } from '../report/types.ts';
import { heatMap, quantiles } from './distribution.ts';
import { answerHistogram, deliveryHistogram } from './duration-measure.ts';
import { type Facts, rowsIn } from './facts.ts';
import { watchFaults } from './fault-watch.ts';
import { encodeNumber } from './judge-slo.ts';
import { lostIntervals, sumLost } from './lost-items.ts';
import { rateValue } from './measure.ts';
import { podResults } from './pod-results.ts';
import { type Recovery, recoveryResult } from './recovery.ts';
import { faultBounds, type Window } from './windows.ts';

/** Latency and rate of each signal of the plan over the run window, without the warmup. */
export function summarizeSignals(
  facts: Facts,
  run: Window,
): Pick<Report, 'latency' | 'rate'> & Required<Pick<Report, 'distribution'>> {
  const latency: Report['latency'] = {};
  const distribution: Report['distribution'] = {};
  const rate: Report['rate'] = {};
  for (const signal of signalsOf(facts)) {
    const rows = rowsIn(facts, { signal }, run, 'measured');
    const ack = answerHistogram(facts, rows, 'due');
    const send = answerHistogram(facts, rows, 'send');
    const delivery = deliveryHistogram(facts, rows);
    latency[signal] = {
      ack: summarizeLatency(ack),
      send: summarizeLatency(send),
      delivery: summarizeLatency(delivery),
    };
    const heat = { ack: heatMap(facts, signal, 'due'), send: heatMap(facts, signal, 'send') };
    distribution[signal] = {
      ack: quantiles(ack),
      send: quantiles(send),
      delivery: quantiles(delivery),
      heat,
    };
    const perS = (field: 'due' | 'offered' | 'acknowledged' | 'delivered') =>
      rateValue(facts, { field, scope: { signal }, window: run }).value ?? Number.NaN; // null in JSON: no evidence
    rate[signal] = {
      intendedPerS: perS('due'),
      offeredPerS: perS('offered'),
      acknowledgedPerS: perS('acknowledged'),
      deliveredPerS: perS('delivered'),
    };
  }
  return { latency, distribution, rate };
}

export function summarizeFaults(facts: Facts, recovered: ReadonlyMap<string, Recovery>): FaultResult[] {
  const intervals = lostIntervals(facts);
  const watched = watchFaults(facts);
  return facts.record.faults.map((fault) => {
    const { injectedNs, recoveredNs } = faultBounds(fault, facts.table);
    return {
      name: fault.name,
      kind: fault.kind,
      members: fault.members,
      intended: { startS: fault.intended.startNs / 1e9, endS: inS(fault.intended.endNs) },
      observed: { injectedS: inS(injectedNs), recoveredS: inS(recoveredNs) },
      effect: fault.effect,
      verified: fault.verified,
      ...recoveryResult(recovered.get(fault.name)),
      ...(fault.predictedWorstLoss === undefined ? {} : { predicted: fault.predictedWorstLoss }),
      ...lossOf(facts, intervals, fault.name),
      ...podResults(fault),
      ...watched.get(fault.name),
    };
  });
}

/** At most: with what another one may have cost, which it struck in the midst of or which struck in the midst of it. */
function lossOf(
  facts: Facts,
  intervals: LostInterval[],
  name: string,
): Pick<FaultResult, 'lost' | 'lostAtMost'> {
  const named = intervals.filter(({ fault, orFaults = [] }) => fault === name || orFaults.includes(name));
  const own = named.filter(({ fault }) => fault === name);
  const isShared = named.some(({ orFaults = [] }) => orFaults.length > 0);
  return { lost: sumLost(facts, own), ...(isShared ? { lostAtMost: sumLost(facts, named) } : {}) };
}

export function signalsOf(facts: Facts): Signal[] {
  return signals.filter((signal) => facts.record.plan.entries.some(({ spec }) => spec.signal === signal));
}

function summarizeLatency(histogram: DurationHistogram): LatencySummary {
  const at = (percent: number) => inMs(histogram.percentile(percent));
  return {
    count: histogram.count,
    p50Ms: at(50),
    p90Ms: at(90),
    p95Ms: at(95),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: inMs(histogram.max),
  };
}

function inMs(ns: number | undefined): number | 'Infinity' | null {
  return encodeNumber(ns === undefined ? null : ns / 1e6);
}

function inS(ns: number | undefined): number | null {
  return ns === undefined ? null : ns / 1e9;
}
