/** Words shared by search, trial and report. Rates are items per second, offered in all to one target. */

/** What must hold at a rate. A hard goal is broken by one trial, a soft one by more trials than its share. */
export interface Goal {
  name: string;
  hard: boolean;
}

export type GoalVerdict = 'pass' | 'fail' | 'unknown';

export interface GoalResult extends Goal {
  verdict: GoalVerdict;
  /** With the numbers. */
  reason: string;
}

/**
 * Why a trial is run. Steering and noise trials are short and never certify anything; those of a study look at a
 * variant of the scenario and say nothing about the scenario itself.
 */
export type Purpose = 'bracket' | 'noise' | 'classify' | 'below' | 'above' | 'study';

/** The scenario with one thing changed. */
export interface Variant {
  /** As people read it. */
  name: string;
  /** Replicas of the member that takes the load. */
  pods?: number;
  /** A fault of the scenario that lasts from the start to the end. */
  fault?: string;
  /** As --set has them. */
  sets?: readonly string[];
}

export interface TrialOrder {
  purpose: Purpose;
  ratePerS: number;
  /** Length of the measured part, after the warmup. */
  measureS: number;
  /** Absent: the scenario as it stands. */
  variant?: Variant;
}

/** What a trial showed. */
export interface TrialOutcome extends TrialOrder {
  /** invalid: the trial says nothing about the target and never counts. */
  status: GoalVerdict | 'invalid';
  reason: string;
  goals: GoalResult[];
  /** Whole length of the trial, starts and drain included. */
  costS: number;
  /** CPU seconds of the target per million items, where it can be seen. */
  cpuSPerMillion?: number;
  acknowledgedPerS?: number;
  p95Ms?: number;
  p99Ms?: number;
}

export interface SearchSettings {
  minPerS: number;
  /** The lower of what was asked for and what the generator was shown to offer with ease. */
  maxPerS: number;
  /** Why it is not higher. */
  maxReason: string;
  /** Greatest share by which the upper end may lie above the lower one, such as 0.025. */
  width: number;
  budgetS: number;
  shortS: number;
  fullS: number;
  /** Fewer tell nothing of the tightest percentile: full trials of low rates are longer, three times at most. */
  itemsMin?: number;
  /** Of every trial besides its measured part: start, warmup, drain. */
  overheadS: number;
  /** Fresh trials at the lower end, all of which must pass; and above it, all of which must fail. */
  confirmBelow: number;
  confirmAbove: number;
  seed: number;
}

/** Infinity: nothing failed. 0: nothing passed. */
export interface Bounds {
  lowerPerS: number;
  upperPerS: number;
}

export interface SearchResult extends Bounds {
  /** found: both ends were confirmed by fresh trials. unknown: the bounds are all there is, and no capacity. */
  kind: 'found' | 'unknown';
  reason: string;
  /** The goal that fails first; null when none failed. */
  binding: string | null;
  /** The width that the search went for: the one asked for, or twice the noise. What it came to is in the bounds. */
  width: number;
  /** Spread of the target's CPU time per item over like trials; null without two of them. */
  noise: number | null;
  confirmation: {
    passed: number;
    of: number;
    passShareAtLeast: number;
    failedAbove: number;
    ofAbove: number;
  } | null;
  goals: (Goal & Bounds)[];
  /** Rates above the upper end at which the target passed again. */
  passedAbovePerS: number[];
  spentS: number;
}
