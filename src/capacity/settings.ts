import { fullLength } from './search-state.ts';
import type { SearchSettings } from './types.ts';

export type Pace = 'quick' | 'standard' | 'thorough';

/** What a scenario asks of a search. */
export interface Question {
  minPerS: number;
  maxPerS: number;
  width: number;
  budgetS: number;
  trialS: number;
  /** Start, warmup and drain of one trial, about. */
  overheadS: number;
  /** What load and sink reached with nothing between them, items per second. */
  generatorPerS: number;
  /** Items of one request. */
  batch: number;
  seed: number;
}

/**
 * One per cent of the requests may go without an answer, and 368 without a miss bound that at 95 % (Clopper and Pearson):
 * half as many again leave room for one.
 */
const requestsMin = 560;
/** Above this share of what it can do at most a generator is not exact any more. */
const generatorShareMax = 0.7;
const quickTrialS = 20;
const quickWidthMin = 0.05;

/** quick: a third of the time, 3 of 3, "indicative". thorough: 14 of 14, for a pass rate of at least 0.81. */
export function settingsFor(pace: Pace, question: Question): SearchSettings {
  const { minPerS, generatorPerS, overheadS, budgetS, seed } = question;
  const quick = pace === 'quick';
  const fullS = quick ? Math.min(quickTrialS, question.trialS) : question.trialS;
  const reachPerS = Math.floor(generatorShareMax * generatorPerS);
  const limited = reachPerS < question.maxPerS;
  return {
    minPerS,
    maxPerS: limited ? reachPerS : question.maxPerS,
    maxReason: limited
      ? `70 % of what the generator reached without a target, ${Math.round(generatorPerS)}/s`
      : 'capacity.rate.max of the scenario',
    width: quick ? Math.max(quickWidthMin, question.width) : question.width,
    budgetS: budgetFor(pace, budgetS),
    shortS: Math.max(1, Math.round(fullS / (quick ? 2 : 6))),
    fullS,
    itemsMin: requestsMin * question.batch,
    overheadS,
    confirmBelow: { quick: 3, standard: 5, thorough: 14 }[pace],
    confirmAbove: 2,
    seed,
  };
}

/** Seconds for all trials, of those that the scenario gives a standard search. */
export function budgetFor(pace: Pace, budgetS: number): number {
  return pace === 'thorough' ? 3 * budgetS : budgetS;
}

/** Trials and seconds that a search takes if its verdicts are clear; unclear ones take up to twice as long. */
export function estimateSearch(settings: SearchSettings): { trials: number; seconds: number } {
  const { minPerS, maxPerS, width, shortS, overheadS, confirmBelow, confirmAbove } = settings;
  const fullS = fullLength(settings, Math.sqrt(minPerS * maxPerS));
  const doublings = Math.max(1, Math.ceil(Math.log2(maxPerS / minPerS) / 2));
  const short = doublings + 3 + 3;
  const halvings = Math.max(0, Math.ceil(Math.log2(Math.log(1.1) / Math.log(1 + width))));
  const full = 2 * (2 + halvings) + confirmBelow + confirmAbove;
  return {
    trials: short + full,
    seconds: Math.min(settings.budgetS, short * (shortS + overheadS) + full * (fullS + overheadS)),
  };
}
