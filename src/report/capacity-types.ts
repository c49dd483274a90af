import type { Sizing } from '../capacity/sizing.ts';
import type { CellResult, StudyResult } from '../capacity/study.ts';
import type { SearchResult, TrialOutcome } from '../capacity/types.ts';

/** The capacity block of report.json. Rates are items per second of the load entry `vary`. */
export interface CapacityReport extends Omit<SearchResult, 'lowerPerS' | 'upperPerS' | 'goals'> {
  /** The answer in one sentence. */
  sentence: string;
  /** Name of the trial whose figures the rest of the report has. */
  shownTrial?: string;
  vary: string;
  /** spans, metric points or log records. */
  items: string;
  pace: string;
  pods: number;
  lowerPerS: number;
  /** Infinite where nothing failed. */
  upperPerS: number | 'Infinity';
  goals: { name: string; hard: boolean; lowerPerS: number; upperPerS: number | 'Infinity' }[];
  maxPerS: number;
  maxReason: string;
  generatorPerS: number;
  /** Each with the bounds of full trials after it. */
  trials: (Omit<TrialOutcome, 'goals'> & {
    name: string;
    lowerPerS: number;
    upperPerS: number | 'Infinity';
  })[];
  /** What the numbers mean for an autoscaler, as names and values, and manifests that apply to a cluster. */
  autoscaling?: {
    facts: { name: string; value: string }[];
    manifests: string;
    /** Of a day with the HPA that the scenario names: minutes with too few pods. */
    shortMinutes?: number;
  };
  /** Whether each replica carries what it is said to. */
  claim?: { perS: number; verdict: 'holds' | 'does not hold' | 'is open' };
  /** What was looked at beyond the capacity itself; one trial a rate, so indicative. */
  study?: StudyReport;
  /** Replicas for peaks of a table; computed. Infinity: no number of them carries it. */
  byPeak?: { peakPerS: number; replicas: number | 'Infinity' }[];
  sizing?: Sizing & { peakPerS: number; safetyFactor: number; tolerateLoss: number; minReplicas: number };
}

interface Held {
  lowerPerS: number;
  /** Infinite where the highest rate that was tried held. */
  upperPerS: number | 'Infinity';
}

export interface StudyReport {
  /** Of several replicas together; efficiency as a share of as many single ones. */
  scaling: (Held & { pods: number; efficiencyAtLeast: number; efficiencyBelow: number | 'Infinity' })[];
  usl: StudyResult['usl'];
  demand: StudyResult['demand'];
  /** Why there was no trial of the peak; empty when there was one, or no peak. */
  demandReason: string;
  underFault: (Held & { fault: string; pods: number; healthyPerS: number })[];
  factors: {
    ratePerS: number;
    cells: CellResult[];
    effects: {
      path: string;
      values: readonly [string, string];
      ratio: number;
      atLeast: number;
      atMost: number | 'Infinity';
      choose?: string;
    }[];
  } | null;
  best: (Held & { sets: string[] }) | null;
  ended: string;
}
