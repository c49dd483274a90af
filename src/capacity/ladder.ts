import { fullLength, type State, take, whole } from './search-state.ts';
import type { Bounds, TrialOrder, TrialOutcome, Variant } from './types.ts';

/** Trials that one ladder takes at most; each twice as long again where it is open. */
export const ladderTrials = 6;
/** Where it ends: one trial a rate is worth no more. */
const ratioMax = 1.1;

/**
 * How much of `topPerS` a variant of the scenario holds: one full trial a rate, the top first, then down by `step`, then
 * halving the gap. Upper is infinite where the top holds. Where a trial stays open it goes on down until one holds, and
 * ends there. Indicative, as one trial is.
 */
export function* climb(
  state: State,
  ladder: { variant: Variant; topPerS: number; step: number },
): Generator<TrialOrder, Bounds, TrialOutcome> {
  const { variant, step } = ladder;
  const bounds: Bounds = { lowerPerS: 0, upperPerS: Number.POSITIVE_INFINITY };
  let ratePerS = whole(ladder.topPerS);
  let unclear = false;
  for (let trial = 0; trial < ladderTrials && ratePerS >= 1; trial++) {
    const held = yield* holds(state, variant, ratePerS);
    if (held === undefined) unclear = true;
    else if (held) bounds.lowerPerS = ratePerS;
    else bounds.upperPerS = ratePerS;
    const { lowerPerS, upperPerS } = bounds;
    if (lowerPerS > 0 && (unclear || upperPerS / lowerPerS <= ratioMax || !Number.isFinite(upperPerS))) break;
    ratePerS = whole(lowerPerS > 0 ? Math.sqrt(lowerPerS * upperPerS) : ratePerS * step);
  }
  return bounds;
}

/** One full trial of a variant, and one of twice its length where it is open; undefined: still open. */
export function* holds(
  state: State,
  variant: Variant,
  ratePerS: number,
): Generator<TrialOrder, boolean | undefined, TrialOutcome> {
  const fullS = fullLength(state.settings, ratePerS);
  const order = { purpose: 'study' as const, ratePerS, variant };
  let { status } = yield* take(state, { ...order, measureS: fullS });
  if (status === 'unknown') ({ status } = yield* take(state, { ...order, measureS: 2 * fullS }));
  return status === 'unknown' ? undefined : status === 'pass';
}
