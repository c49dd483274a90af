import { random } from '../base/random.ts';
import { boundsOf } from './classify.ts';
import { passShareAtLeast } from './confidence.ts';
import { fullLoads, type State, Stop, take, whole, widthOf } from './search-state.ts';
import type { Bounds, TrialOrder, TrialOutcome } from './types.ts';

/** How often either end may move. */
const stepsMax = 3;
/** Ends further apart than this name no capacity. */
const spreadMax = 0.25;

/**
 * Fresh trials in random order: at the lower end all must pass, or it moves down; above the upper end all must fail, or
 * it moves up; each three times at most.
 */
export function* confirm(state: State): Generator<TrialOrder, Bounds, TrialOutcome> {
  const { settings } = state;
  const dice = random(settings.seed, 'capacity/confirm');
  let { lowerPerS, upperPerS } = boundsOf(fullLoads(state));
  upperPerS = Math.max(upperPerS, whole(lowerPerS * (1 + 2 * widthOf(state))));
  let [belowDone, aboveDone] = [false, false];
  for (let round = 0; round <= stepsMax; round++) {
    const wanted = [
      ...(belowDone ? [] : new Array<'below'>(settings.confirmBelow).fill('below')),
      ...(aboveDone ? [] : new Array<'above'>(settings.confirmAbove).fill('above')),
    ];
    const count = { below: 0, above: 0 };
    const failedSide = { below: false, above: false };
    for (const purpose of shuffle(wanted, dice.below)) {
      if (failedSide[purpose]) continue;
      const ratePerS = purpose === 'below' ? lowerPerS : upperPerS;
      const agreed = yield* agrees(state, purpose, ratePerS);
      if (agreed) count[purpose]++;
      else failedSide[purpose] = true;
    }
    belowDone ||= !failedSide.below;
    aboveDone ||= !failedSide.above;
    if (belowDone && aboveDone) {
      if (upperPerS / lowerPerS > 1 + spreadMax) {
        state.steer = { lowerPerS, upperPerS };
        throw new Stop('the ends that fresh trials bear out are too far apart to name a capacity');
      }
      const { confirmBelow: k, confirmAbove } = settings;
      const share = passShareAtLeast(k);
      state.confirmation = {
        passed: k,
        of: k,
        passShareAtLeast: share,
        failedAbove: confirmAbove,
        ofAbove: confirmAbove,
      };
      return { lowerPerS, upperPerS };
    }
    const step = 1 + widthOf(state) * 2 ** Math.max(0, round - 1);
    if (failedSide.below) lowerPerS = whole(lowerPerS / step);
    if (failedSide.above) upperPerS = whole(upperPerS * step);
  }
  state.steer = { lowerPerS, upperPerS };
  throw new Stop(
    `fresh trials did not bear out ${belowDone ? 'the upper' : 'the lower'} end, moved ${stepsMax} times`,
  );
}

/** One fresh trial, and one of twice its length where it is open. */
function* agrees(
  state: State,
  purpose: 'below' | 'above',
  ratePerS: number,
): Generator<TrialOrder, boolean, TrialOutcome> {
  const { fullS } = state.settings;
  let { status } = yield* take(state, { purpose, ratePerS, measureS: fullS });
  if (status === 'unknown') ({ status } = yield* take(state, { purpose, ratePerS, measureS: 2 * fullS }));
  return status === (purpose === 'below' ? 'pass' : 'fail');
}

function shuffle<T>(list: readonly T[], below: (limit: number) => number): T[] {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = below(i + 1);
    const [one, other] = [shuffled[i], shuffled[j]];
    if (one !== undefined && other !== undefined) [shuffled[i], shuffled[j]] = [other, one];
  }
  return shuffled;
}
