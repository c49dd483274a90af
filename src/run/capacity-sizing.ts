import { type SizingInput, sizeReplicas } from '../capacity/sizing.ts';
import type { StudyResult } from '../capacity/study.ts';
import type { SearchResult } from '../capacity/types.ts';
import type { CapacityReport } from '../report/capacity-types.ts';
import type { SearchHead } from './capacity-record.ts';

/** Replicas for peaks from 10 thousand to 10 million items per second. */
const peaksPerS = [1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7];

/**
 * Replicas for the scenario's peak, where it has one, and for those of a table; of a search that found no capacity
 * nothing. Where replicas were seen to carry less than as many single ones, all of them by the law that was fitted.
 */
export function sizingsOf(
  { capacity, pods }: Pick<SearchHead, 'capacity' | 'pods'>,
  { kind, lowerPerS }: Pick<SearchResult, 'kind' | 'lowerPerS'>,
  study: Pick<StudyResult, 'sizing' | 'usl'> | undefined,
): Pick<CapacityReport, 'sizing' | 'byPeak'> {
  if (kind !== 'found') return {};
  const { peakPerS, safetyFactor, tolerateLoss, minReplicas } = capacity;
  const common: Omit<SizingInput, 'peakPerS'> = {
    capacityPerS: lowerPerS / pods,
    safetyFactor,
    tolerateLoss,
    minReplicas,
    law: study?.usl?.low,
  };
  const byPeak = peaksPerS.map((peak) => {
    const { replicas } = sizeReplicas({ ...common, peakPerS: peak });
    return { peakPerS: peak, replicas: Number.isFinite(replicas) ? replicas : ('Infinity' as const) };
  });
  if (peakPerS === undefined) return { byPeak };
  const sizing = study?.sizing ?? sizeReplicas({ ...common, peakPerS });
  return { byPeak, sizing: { ...sizing, peakPerS, safetyFactor, tolerateLoss, minReplicas } };
}
