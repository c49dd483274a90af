import type { Sizing } from '../capacity/sizing.ts';
import type { SearchResult, TrialOutcome } from '../capacity/types.ts';

/** The capacity block of report.json. Rates are items per second of the load entry `vary`. */
export interface CapacityReport extends Omit<SearchResult, 'lowerPerS' | 'upperPerS' | 'goals'> {
  /** The answer in one sentence. */
  sentence: string;
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
  autoscaling?: { facts: { name: string; value: string }[]; manifests: string };
  sizing?: Sizing & { peakPerS: number; safetyFactor: number; tolerateLoss: number; minReplicas: number };
}
