/** Rates are items per second of the load entry `vary`. */
export interface CapacitySpec {
  vary: string;
  minPerS: number;
  maxPerS: number;
  width: number;
  budgetMs: number;
  trialMs: number;
  peakPerS?: number;
  safetyFactor: number;
  /** Pods that may be gone while the rest carries the peak. */
  tolerateLoss: number;
  minReplicas: number;
  /** An HPA to judge; the target is a share of the CPU request. */
  hpa?: { minReplicas: number; maxReplicas: number; cpuTarget: number };
  /** Load at night, for a cosine up to the peak at midday. */
  dayLowPerS?: number;
  /** Absolute path of a CSV of seconds and items per second. */
  dayCurve?: string;
  /** Further numbers of replicas at which the capacity is looked at. */
  replicas: number[];
  /** Names of the scenario's faults under which it is looked at. */
  underFault: { fault: string; replicas?: number }[];
  /** What somebody said that one replica carries. */
  claimPerS?: number;
  /** Places of the scenario, as --set has them, with two values each. */
  factors: { path: string; values: [string, string] }[];
  prices?: { cpuHour: number; gibHour: number; date: string };
}
