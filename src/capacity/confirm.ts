import { probit } from 'simple-statistics';
import { random } from '../base/random.ts';
import { boundsOf, hardFailed } from './classify.ts';
import { noiseOf, passShareAtLeast } from './confidence.ts';
import {
  fullLength,
  fullLoads,
  mustBeFit,
  type State,
  Stop,
  take,
  thresholdOf,
  whole,
} from './search-state.ts';
import type { Bounds, TrialOrder, TrialOutcome } from './types.ts';

/** How often either end may move. */
const stepsMax = 3;
/** Ends further apart than this name no capacity. */
const spreadMax = 0.3;
/** Chance that all fresh trials of an end agree, as it is chosen. */
const agreeChance = 0.8;

/** One end: its rate, and what the fresh trials of this round made of it. */
interface End {
  purpose: 'below' | 'above';
  ratePerS: number;
  /** Fresh trials at first; of one that disagrees, as many more. */
  wanted: number;
  agreed: number;
  of: number;
  state: 'open' | 'borne out' | 'broken';
}

/**
 * Fresh trials in random order: at the lower end all must pass, or it moves down; above the upper end all must fail, or
 * it moves up; each three times at most. One that disagrees is outvoted by as many fresh ones again, if all of those
 * agree: what like trials differ by is averaged. A hard goal that breaks is not.
 */
export function* confirm(state: State): Generator<TrialOrder, Bounds, TrialOutcome> {
  const { settings } = state;
  const dice = random(settings.seed, 'capacity/confirm');
  const { lowerPerS, upperPerS } = firstEnds(state);
  const fresh = { agreed: 0, of: 0, state: 'open' as const };
  const below: End = { purpose: 'below', ratePerS: lowerPerS, wanted: settings.confirmBelow, ...fresh };
  const above: End = { purpose: 'above', ratePerS: upperPerS, wanted: settings.confirmAbove, ...fresh };
  const ends = [below, above];
  for (let round = 0; round <= stepsMax; round++) {
    const open = ends.filter((end) => end.state !== 'borne out');
    for (const end of open) Object.assign(end, fresh);
    yield* ask(
      state,
      shuffle(
        open.flatMap((end) => new Array<End>(end.wanted).fill(end)),
        dice.below,
      ),
    );
    for (const end of open) if (end.state === 'open') end.state = 'borne out';
    if (ends.every((end) => end.state === 'borne out')) {
      state.confirmation = {
        passed: below.agreed,
        of: below.of,
        passShareAtLeast: passShareAtLeast(below.agreed, below.of),
        failedAbove: above.agreed,
        ofAbove: above.of,
      };
      return spanned(state, { lowerPerS: below.ratePerS, upperPerS: above.ratePerS });
    }
    const step = 1 + Math.max(settings.width, spreadOf(state)) * 2 ** Math.max(0, round - 1);
    if (below.state === 'broken') below.ratePerS = whole(below.ratePerS / step);
    if (above.state === 'broken') above.ratePerS = whole(above.ratePerS * step);
  }
  state.steer = { lowerPerS: below.ratePerS, upperPerS: above.ratePerS };
  const which = below.state === 'borne out' ? 'the upper' : 'the lower';
  throw new Stop(`fresh trials did not bear out ${which} end, moved ${stepsMax} times`);
}

/** The trials of one round. */
function* ask(state: State, queue: End[]): Generator<TrialOrder, void, TrialOutcome> {
  for (let end = queue.shift(); end !== undefined; end = queue.shift()) {
    if (end.state === 'broken') continue;
    const { agreed, hardFailed } = yield* agrees(state, end);
    end.of++;
    if (agreed) end.agreed++;
    const against = end.of - end.agreed;
    if (against > 1 || (hardFailed && end.purpose === 'below')) end.state = 'broken';
    else if (against === 1 && !agreed) queue.push(...new Array<End>(end.wanted).fill(end));
  }
}

/**
 * As far from the middle as trials scatter, so that fresh ones are likely to agree: k of k ask for more room than one
 * alone. Never within the classified bounds, nor closer than twice the width asked for.
 */
function firstEnds(state: State): Bounds {
  const { confirmBelow, confirmAbove, width } = state.settings;
  const bounds = boundsOf(fullLoads(state));
  const middlePerS = thresholdOf(state)?.middlePerS ?? Math.sqrt(bounds.lowerPerS * bounds.upperPerS);
  const room = (trials: number) => Math.exp(probit(agreeChance ** (1 / trials)) * spreadOf(state));
  const lowerPerS = Math.min(bounds.lowerPerS, whole(middlePerS / room(confirmBelow)));
  return {
    lowerPerS,
    upperPerS: Math.max(
      bounds.upperPerS,
      whole(lowerPerS * (1 + 2 * width)),
      whole(middlePerS * room(confirmAbove)),
    ),
  };
}

/** The confirmed ends, and what all full trials together leave open beyond them. */
function spanned(state: State, confirmed: Bounds): Bounds {
  mustBeFit(state);
  const fitted = thresholdOf(state) ?? confirmed;
  const ends = {
    lowerPerS: Math.min(confirmed.lowerPerS, whole(fitted.lowerPerS)),
    upperPerS: Math.max(confirmed.upperPerS, whole(fitted.upperPerS)),
  };
  if (ends.upperPerS / ends.lowerPerS <= 1 + spreadMax) return ends;
  state.steer = ends;
  throw new Stop('the ends that fresh trials bear out are too far apart to name a capacity');
}

function spreadOf({ outcomes }: State): number {
  return noiseOf(outcomes)?.spread ?? 0;
}

/** One fresh trial, and one of twice its length where it is open. */
function* agrees(
  state: State,
  { purpose, ratePerS }: End,
): Generator<TrialOrder, { agreed: boolean; hardFailed: boolean }, TrialOutcome> {
  const fullS = fullLength(state.settings, ratePerS);
  let outcome = yield* take(state, { purpose, ratePerS, measureS: fullS });
  if (outcome.status === 'unknown') outcome = yield* take(state, { purpose, ratePerS, measureS: 2 * fullS });
  return {
    agreed: outcome.status === (purpose === 'below' ? 'pass' : 'fail'),
    hardFailed: hardFailed([outcome]),
  };
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
