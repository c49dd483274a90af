import {
  bindingGoal,
  boundsOf,
  classifyLoad,
  goalBounds,
  groupLoads,
  isJudging,
  type Load,
  trialsPerLoad,
} from './classify.ts';
import { noiseOf } from './confidence.ts';
import { confirm } from './confirm.ts';
import {
  fullLength,
  fullLoads,
  mustBeFit,
  type State,
  Stop,
  take,
  trialsAt,
  whole,
  widthOf,
} from './search-state.ts';
import { freshStudy, runStudy, type StudyResult, type StudySettings } from './study.ts';
import type { Bounds, SearchResult, SearchSettings, TrialOrder, TrialOutcome } from './types.ts';

/** A search is this: it asks for trials one at a time and ends with its result. */
export type Search = Generator<TrialOrder, SearchResult, TrialOutcome>;

export type Step =
  | { kind: 'trial'; order: TrialOrder; result?: SearchResult; study?: StudyResult }
  | { kind: 'done'; result: SearchResult; study?: StudyResult };

/**
 * The next trial from the outcomes so far, or the result: what a stopped search goes on with. A study begins where a
 * capacity was found. Pure.
 */
export function nextStep(
  settings: SearchSettings,
  outcomes: readonly TrialOutcome[],
  study?: StudySettings,
): Step {
  const search = replay(searchCapacity(settings), outcomes);
  if ('order' in search) return { kind: 'trial', order: search.order };
  const { value: result, rest } = search;
  if (study === undefined || result.kind !== 'found') return { kind: 'done', result };
  const into = freshStudy();
  const own = outcomes.slice(0, outcomes.length - rest.length);
  const more = replay(runStudy(settings, study, { found: result, outcomes: own, into }), rest);
  return 'order' in more
    ? { kind: 'trial', order: more.order, result, study: into }
    : { kind: 'done', result, study: into };
}

function replay<T>(
  trials: Generator<TrialOrder, T, TrialOutcome>,
  outcomes: readonly TrialOutcome[],
): { order: TrialOrder } | { value: T; rest: readonly TrialOutcome[] } {
  let step = trials.next();
  let used = 0;
  while (step.done !== true) {
    const outcome = outcomes[used];
    if (outcome === undefined) return { order: step.value };
    used++;
    step = trials.next(outcome);
  }
  return { value: step.value, rest: outcomes.slice(used) };
}

/** Where the steering's bracket closes. */
const bracketRatio = 1.1;
/** So many more where the first ones are further apart than the width allows: few trials do not tell how far. */
const noiseTrials = [3, 3];

/** Bracket by short trials, noise, classes of full trials until the bounds are within the width, confirmation. */
export function* searchCapacity(settings: SearchSettings): Search {
  const state: State = {
    settings,
    outcomes: [],
    spentS: 0,
    steer: { lowerPerS: 0, upperPerS: Number.POSITIVE_INFINITY },
    confirmation: null,
  };
  try {
    yield* bracket(state);
    yield* measureNoise(state);
    yield* close(state);
    const confirmed = yield* confirm(state);
    return conclude(state, {
      kind: 'found',
      reason: 'both ends were confirmed by fresh trials',
      ...confirmed,
    });
  } catch (stop) {
    if (!(stop instanceof Stop)) throw stop;
    return conclude(state, { kind: 'unknown', reason: stop.reason, ...knownBounds(state) });
  }
}

/** Doubles from the lowest rate until a short trial fails, then halves the gap down to 10 %. */
function* bracket(state: State): Generator<TrialOrder, void, TrialOutcome> {
  const { minPerS, maxPerS, shortS } = state.settings;
  let rate = Math.min(minPerS, maxPerS);
  for (;;) {
    const { status } = yield* take(state, { purpose: 'bracket', ratePerS: rate, measureS: shortS });
    if (status === 'fail') {
      state.steer.upperPerS = rate;
      break;
    }
    state.steer.lowerPerS = rate;
    if (rate >= maxPerS) return;
    rate = Math.min(2 * rate, maxPerS);
  }
  if (state.steer.lowerPerS === 0) return;
  while (state.steer.upperPerS / state.steer.lowerPerS > bracketRatio) {
    const middle = between(state.steer);
    const { status } = yield* take(state, { purpose: 'bracket', ratePerS: middle, measureS: shortS });
    if (status === 'fail') state.steer.upperPerS = middle;
    else state.steer.lowerPerS = middle;
  }
}

/** Like trials at half of what seems to hold: how far apart they lie is how far apart capacities would. */
function* measureNoise(state: State): Generator<TrialOrder, void, TrialOutcome> {
  const base = state.steer.lowerPerS === 0 ? state.settings.minPerS : state.steer.lowerPerS;
  const ratePerS = whole(base / 2);
  for (const trials of noiseTrials) {
    for (let i = 0; i < trials; i++) {
      yield* take(state, { purpose: 'noise', ratePerS, measureS: state.settings.shortS });
    }
    if (widthOf(state) <= state.settings.width) return;
  }
  mustBeFit(state);
}

/** Full trials at both ends of the bracket, then within, until the bounds are within the width. */
function* close(state: State): Generator<TrialOrder, void, TrialOutcome> {
  const { settings, steer } = state;
  let low = steer.lowerPerS === 0 ? settings.minPerS : steer.lowerPerS;
  for (let step = bracketRatio; ; step *= bracketRatio) {
    const found = yield* classifyAt(state, low);
    if (found === 'lower') break;
    if (low <= settings.minPerS)
      throw new Stop(`the lowest rate of the search ${found === 'upper' ? 'fails already' : 'is undecided'}`);
    low = Math.max(settings.minPerS, whole(low / step));
  }
  for (
    let step = bracketRatio;
    boundsOf(fullLoads(state)).upperPerS === Number.POSITIVE_INFINITY;
    step *= bracketRatio
  ) {
    const { lowerPerS } = boundsOf(fullLoads(state));
    if (lowerPerS >= settings.maxPerS)
      throw new Stop(`it holds at the highest rate of the search: ${settings.maxReason}`);
    const above = whole(lowerPerS * step);
    const high = Math.min(
      settings.maxPerS,
      Number.isFinite(steer.upperPerS) ? Math.max(steer.upperPerS, above) : above,
    );
    if ((yield* classifyAt(state, high)) === 'undecided' && high >= settings.maxPerS)
      throw new Stop(`undecided at the highest rate of the search: ${settings.maxReason}`);
  }
  for (;;) {
    mustBeFit(state);
    const gap = widestGap(fullLoads(state), 1 + widthOf(state));
    if (gap === undefined) return;
    yield* classifyAt(state, between(gap));
  }
}

/** Full trials at one rate until it is of a class, or has had its share of trials. */
function* classifyAt(state: State, ratePerS: number): Generator<TrialOrder, Load['class'], TrialOutcome> {
  const fullS = fullLength(state.settings, ratePerS);
  for (let i = 0; i < trialsPerLoad; i++) {
    const before = trialsAt(state, ratePerS);
    const found = classifyLoad(before);
    if (found !== 'undecided') return found;
    // What is open after a trial is asked again with twice the evidence.
    const measureS = before.some(({ status }) => status === 'unknown') ? 2 * fullS : fullS;
    yield* take(state, { purpose: 'classify', ratePerS, measureS });
  }
  return classifyLoad(trialsAt(state, ratePerS));
}

/**
 * Between the bounds, loads may be undecided: the widest gap is next, unless the bounds are within `ratio`, or every
 * gap is so narrow (half of it) that what is open stays open.
 */
function widestGap(loads: readonly Load[], ratio: number): Bounds | undefined {
  const { lowerPerS, upperPerS } = boundsOf(loads);
  if (upperPerS / lowerPerS <= ratio) return undefined;
  const rates = loads
    .map(({ ratePerS }) => ratePerS)
    .filter((rate) => rate >= lowerPerS && rate <= upperPerS);
  const gaps = rates.slice(1).map((upper, i) => ({ lowerPerS: rates[i] ?? lowerPerS, upperPerS: upper }));
  const [widest] = gaps.sort((a, b) => b.upperPerS / b.lowerPerS - a.upperPerS / a.lowerPerS);
  const least = rates.length > 2 ? 1 + (ratio - 1) / 2 : ratio;
  return widest !== undefined && widest.upperPerS / widest.lowerPerS > least ? widest : undefined;
}

/** What a search that found nothing can still say: full trials first, steering where there are none. */
function knownBounds({ outcomes, steer, settings }: State): Bounds {
  const loads = groupLoads(outcomes.filter(isJudging));
  const full = boundsOf(loads);
  const spread = 1 + Math.max(settings.width, 3 * (noiseOf(outcomes)?.spread ?? 0));
  // A short trial's word counts only where it does not contradict a full one's.
  const lower = full.lowerPerS > 0 ? full.lowerPerS : Math.min(steer.lowerPerS, full.upperPerS / spread);
  const steered = steer.upperPerS > lower ? steer.upperPerS : Number.POSITIVE_INFINITY;
  const upper = Number.isFinite(full.upperPerS) ? full.upperPerS : steered;
  return { lowerPerS: lower / spread, upperPerS: upper * spread };
}

function conclude(state: State, end: Bounds & Pick<SearchResult, 'kind' | 'reason'>): SearchResult {
  const { outcomes, spentS, confirmation } = state;
  const loads = groupLoads(outcomes.filter(isJudging));
  return {
    ...end,
    binding: bindingGoal(loads),
    width: widthOf(state),
    noise: noiseOf(outcomes)?.spread ?? null,
    confirmation,
    goals: goalBounds(loads),
    passedAbovePerS: loads
      .filter((load) => load.class === 'lower' && load.ratePerS > end.upperPerS)
      .map(({ ratePerS }) => ratePerS),
    spentS,
  };
}

/** The geometric middle, in whole items. */
function between({ lowerPerS, upperPerS }: Bounds): number {
  return whole(Math.sqrt(lowerPerS * upperPerS));
}
