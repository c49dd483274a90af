/** What replicas are computed from. Rates are items per second. */
export interface SizingInput {
  peakPerS: number;
  /** Lower end of the capacity of one pod. */
  capacityPerS: number;
  safetyFactor: number;
  /** Pods that may be gone while the rest carries the peak. */
  tolerateLoss: number;
  minReplicas: number;
  /** The least replicas for a rate where they carry less than as many single ones; undefined: none do. */
  podsFor?: (perS: number) => number | undefined;
}

export interface Sizing {
  replicas: number;
  /** computed: arithmetic alone. recommended: so many replicas were shown to carry the peak. */
  word: 'computed' | 'recommended';
  /** The formula with the numbers put in. */
  formula: string;
}

/** max(ceil(peak x safety / C), ceil(peak / C) + pods that may be gone, least replicas). */
export function sizeReplicas(input: SizingInput, demandPassed = false): Sizing {
  const { peakPerS, capacityPerS, safetyFactor, tolerateLoss, minReplicas } = input;
  const { podsFor = (perS: number) => Math.ceil(perS / capacityPerS) } = input;
  const safe = podsFor(peakPerS * safetyFactor) ?? Number.POSITIVE_INFINITY;
  const spare = (podsFor(peakPerS) ?? Number.POSITIVE_INFINITY) + tolerateLoss;
  const replicas = Math.max(safe, spare, minReplicas, 1);
  const [peak, capacity] = [`peak ${Math.round(peakPerS)}`, `each ${Math.round(capacityPerS)}`];
  const least = (rate: string) =>
    input.podsFor === undefined ? `ceil(${rate} / ${capacity})` : `least N that carries ${rate}`;
  const terms = [
    `${least(`${peak} x safety ${safetyFactor}`)} = ${safe}`,
    `${least(peak)} + spare ${tolerateLoss} = ${spare}`,
    `least ${minReplicas}`,
  ];
  return {
    replicas,
    word: demandPassed ? 'recommended' : 'computed',
    formula: `max(${terms.join(', ')}) = ${replicas}`,
  };
}
