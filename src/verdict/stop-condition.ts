import { ackBoundsMs } from '../base/ack-bounds.ts';
import type { Signal } from '../base/signal.ts';
import type { LoadCounts } from '../load/messages.ts';
import type { FaultRecord } from '../observe/evidence.ts';
import type { Plan } from '../plan/types.ts';
import type { SloSpec, ThresholdSpec } from '../scenario/types.ts';
import { keeps } from './comparison.ts';

/** What is known while the run goes on: sums since t = 0. */
export interface LiveEvidence {
  elapsedMs: number;
  counts: LoadCounts;
  /** Signals of the load; an SLO on one of several cannot be told from the sums. */
  signals?: Signal[];
  /** Start of each fault, ms: until then its `before:` window runs. */
  faultStartsMs?: Record<string, number>;
}

/**
 * The name of the first SLO with abortOnFail that is broken by now, after its delayAbortEval; undefined: go on. Only
 * what live sums can prove counts: no data stops nothing, and what the ledger alone knows is judged after the run.
 */
export function evaluateStop(slos: SloSpec[], live: LiveEvidence): string | undefined {
  return slos.find((slo) => {
    if (slo.source.kind !== 'measure' || !isRunning(slo.window, live)) return false;
    const { measure, tags } = slo.source;
    if (tags.load !== undefined || tags.fault !== undefined) return false;
    if (tags.signal !== undefined && live.signals?.length !== 1) return false;
    return slo.thresholds.some(
      (threshold) =>
        threshold.abortOnFail &&
        live.elapsedMs >= threshold.delayAbortEvalMs &&
        isBroken(measure, threshold, live),
    );
  })?.name;
}

/** ms after the warmup: as planned; in a drill as it was, and of one whose step has not come yet never. */
export function faultStartsMs(
  { drill, warmupNs, faults }: Pick<Plan, 'drill' | 'warmupNs' | 'faults'>,
  seen: readonly Pick<FaultRecord, 'name' | 'observed'>[],
): Record<string, number> {
  const startNs = ({ spec, startNs: plannedNs }: Plan['faults'][number]) =>
    drill === undefined
      ? plannedNs
      : (seen.find(({ name }) => name === spec.name)?.observed.injectedNs ?? Number.POSITIVE_INFINITY);
  return Object.fromEntries(faults.map((fault) => [fault.spec.name, (startNs(fault) - warmupNs) / 1e6]));
}

function isRunning(window: string, live: LiveEvidence): boolean {
  if (window === 'run') return true;
  const fault = window.startsWith('before:') ? window.slice('before:'.length) : undefined;
  return fault !== undefined && live.elapsedMs < (live.faultStartsMs?.[fault] ?? 0);
}

function isBroken(measure: string, threshold: ThresholdSpec, live: LiveEvidence): boolean {
  const { counts, elapsedMs } = live;
  if (counts.due === 0) return false;
  switch (measure) {
    case 'ack_duration':
      return percentileIsBroken(threshold, counts.ackMsBuckets);
    case 'items_missed':
      return countIsBroken(threshold, counts.missed);
    case 'items_rejected':
      return countIsBroken(threshold, counts.rejected);
    case 'items_refused':
      return countIsBroken(threshold, counts.refused);
    case 'items_unknown':
      return countIsBroken(threshold, counts.unknown);
    case 'refused_ratio': {
      const refused = counts.rejected + counts.refused + counts.unknown;
      return counts.offered > 0 && !keeps(threshold, refused / counts.offered);
    }
    case 'offered_rate':
      return elapsedMs > 0 && !keeps(threshold, (1000 * counts.offered) / elapsedMs);
    case 'acknowledged_rate':
      return elapsedMs > 0 && !keeps(threshold, (1000 * counts.acknowledged) / elapsedMs);
    default:
      return false;
  }
}

/** Counts only rise: an upper limit once broken stays broken, a lower one may still be reached. */
function countIsBroken(threshold: ThresholdSpec, count: number): boolean {
  const { operator, limit } = threshold;
  if (operator === '==') return count > limit;
  return (operator === '<' || operator === '<=') && !keeps(threshold, count);
}

/**
 * Cumulative requests at or below each bound, and all of them last. A limit between two bounds is broken only if the
 * bound above it is: live data may be late with bad news, never wrong.
 */
function percentileIsBroken(threshold: ThresholdSpec, buckets: number[] | undefined): boolean {
  const { aggregation, operator, limit } = threshold;
  if (buckets === undefined || (operator !== '<' && operator !== '<=')) return false;
  const percent =
    aggregation === 'med' ? 50 : typeof aggregation === 'object' ? aggregation.percentile : undefined;
  const total = buckets[ackBoundsMs.length] ?? 0;
  const bound = ackBoundsMs.findIndex((ms) => ms >= limit);
  if (percent === undefined || total === 0 || bound < 0) return false;
  return (buckets[bound] ?? 0) < (percent / 100) * total;
}
