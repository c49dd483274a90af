import { sumAckBuckets } from '../base/ack-bounds.ts';
import type { GeneratorHealth, LoadCounts } from './messages.ts';

/** Sums of the workers' counts; the percentile is taken over all their latencies, never over percentiles. */
export function mergeCounts(parts: readonly { counts: LoadCounts; ackMs: Float64Array }[]): LoadCounts {
  const sum: LoadCounts = {
    due: 0,
    missed: 0,
    offered: 0,
    acknowledged: 0,
    rejected: 0,
    refused: 0,
    unknown: 0,
    ackMsP95: percentile95(parts.map(({ ackMs }) => ackMs)),
    ackMsBuckets: sumAckBuckets(parts.map(({ counts }) => counts.ackMsBuckets)),
  };
  for (const { counts } of parts) {
    sum.due += counts.due;
    sum.missed += counts.missed;
    sum.offered += counts.offered;
    sum.acknowledged += counts.acknowledged;
    sum.rejected += counts.rejected;
    sum.refused += counts.refused;
    sum.unknown += counts.unknown;
  }
  return sum;
}

/** The busiest worker's CPU ratio stands for all: one starved worker is enough to distort a run. */
export function mergeHealth(parts: readonly GeneratorHealth[]): GeneratorHealth {
  return {
    lateTicks: parts.reduce((sum, part) => sum + part.lateTicks, 0),
    ticks: parts.reduce((sum, part) => sum + part.ticks, 0),
    cpuRatio: Math.max(0, ...parts.map((part) => part.cpuRatio)),
  };
}

function percentile95(parts: readonly Float64Array[]): number {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  if (all.length === 0) return Number.NaN;
  all.sort();
  return all[Math.ceil(all.length * 0.95) - 1] ?? Number.NaN;
}
