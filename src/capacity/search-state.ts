import { boundsOf, groupLoads, isJudging, type Load } from './classify.ts';
import { noiseOf } from './confidence.ts';
import { fitThreshold, type Threshold } from './threshold.ts';
import type { Bounds, SearchResult, SearchSettings, TrialOrder, TrialOutcome } from './types.ts';

/**
 * So many invalid trials in a row end the search. A machine that shares its host was seen to spoil a third of them:
 * simulated, where 1 (2) of 5 do not count, 95 (56) of 100 searches find an end; by three in a row it was 55 (4).
 */
export const triesMax = 5;
/** Like trials that lie further apart than this: no number of them makes an interval worth stating. */
const noiseMax = 0.12;
/** Trials far above what fails say nothing about where it begins: there a target may hold again. */
const nearRatio = 1.3;

/** Ends the search with what is known so far. */
export class Stop {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export interface State {
  settings: SearchSettings;
  outcomes: TrialOutcome[];
  spentS: number;
  /** From the steering trials: never in the result but where there is nothing better. */
  steer: Bounds;
  confirmation: SearchResult['confirmation'];
}

/** A trial that counts: one that is invalid is tried again, and if that does not help, the search ends. */
export function* take(state: State, order: TrialOrder): Generator<TrialOrder, TrialOutcome, TrialOutcome> {
  const { settings } = state;
  let last = '';
  for (let attempt = 0; attempt < triesMax; attempt++) {
    if (state.spentS + order.measureS + settings.overheadS > settings.budgetS)
      throw new Stop(`the budget of ${Math.round(settings.budgetS)} s is used up`);
    const outcome = yield order;
    state.outcomes.push(outcome);
    state.spentS += outcome.costS;
    if (outcome.status !== 'invalid') return outcome;
    last = outcome.reason;
  }
  throw new Stop(`at ${Math.round(order.ratePerS)}/s no trial was valid in ${triesMax}: ${last}`);
}

export function mustBeFit(state: State): void {
  const { spread, freedom } = noiseOf(state.outcomes) ?? { spread: 0, freedom: 0 };
  if (spread > noiseMax)
    throw new Stop(
      `this machine is too noisy: ${freedom + 1} like trials differ by ${(100 * spread).toFixed(1)} % (standard deviation)`,
    );
}

export function widthOf(state: State): number {
  return Math.max(state.settings.width, 2 * (noiseOf(state.outcomes)?.spread ?? 0));
}

/** Where the capacity lies by all full trials so far, averaged over their noise. */
export function thresholdOf(state: State): Threshold | undefined {
  const judging = state.outcomes.filter(isJudging);
  const { upperPerS } = boundsOf(groupLoads(judging));
  return fitThreshold(
    judging.filter(({ ratePerS }) => ratePerS <= nearRatio * upperPerS),
    noiseOf(state.outcomes),
  );
}

export function fullLoads(state: State): Load[] {
  return groupLoads(state.outcomes.filter(({ purpose }) => purpose === 'classify'));
}

export function trialsAt(state: State, ratePerS: number): TrialOutcome[] {
  return state.outcomes.filter(
    (one) => one.purpose === 'classify' && one.ratePerS === ratePerS && one.status !== 'invalid',
  );
}

/** Length of a full trial at this rate. */
export function fullLength({ fullS, itemsMin = 0 }: SearchSettings, ratePerS: number): number {
  return Math.min(3 * fullS, Math.max(fullS, Math.ceil(itemsMin / ratePerS)));
}

/** Rates are whole items per second. */
export function whole(rate: number): number {
  return Math.max(1, Math.round(rate));
}
