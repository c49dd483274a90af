import { podsFor, type Usl } from './usl.ts';

/** What replicas are computed from. Rates are items per second. */
export interface SizingInput {
  peakPerS: number;
  /** Lower end of the capacity of one pod. */
  capacityPerS: number;
  safetyFactor: number;
  /** Pods that may be gone while the rest carries the peak. */
  tolerateLoss: number;
  minReplicas: number;
  /** Where replicas carry less than as many single ones. */
  law?: Usl | undefined;
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
  const { law } = input;
  const leastFor = (perS: number) =>
    law === undefined ? Math.ceil(perS / capacityPerS) : (podsFor(law, perS) ?? Number.POSITIVE_INFINITY);
  const safe = leastFor(peakPerS * safetyFactor);
  const spare = leastFor(peakPerS) + tolerateLoss;
  const replicas = Math.max(safe, spare, minReplicas, 1);
  const [peak, capacity] = [`peak ${Math.round(peakPerS)}`, `each ${Math.round(capacityPerS)}`];
  const least = (rate: string) =>
    law === undefined ? `ceil(${rate} / ${capacity})` : `least N that carries ${rate}`;
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
