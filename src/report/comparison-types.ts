/** Key `comparison` of report.json, of `squall compare` alone. Ratios are of the candidate to the baseline, less one. */
export interface ComparisonReport {
  sentence: string;
  baseline: ComparedRun[];
  candidate: ComparedRun[];
  /** What makes the sides, in the words of the scenario's compare block. */
  sides?: { baseline: string; candidate: string };
  /** What one observation is: a run, or, with one run each, a stretch of both at the same time of the plan. */
  design: 'runs' | 'stretches';
  /** All measures together are wrongly called worse in at most this share of comparisons of equals. */
  level: number;
  /** Why they cannot be compared, or not all of them. */
  reasons: string[];
  measures: ComparedMeasure[];
}

export interface ComparedRun {
  id: string;
  startedAt: string;
  verdict: string;
  versions: Record<string, string>;
}

export interface ComparedMeasure {
  name: string;
  unit: string;
  better: 'less' | 'more';
  /** Median of the runs. */
  baseline: number | 'Infinity' | null;
  candidate: number | 'Infinity' | null;
  change: number | 'Infinity' | null;
  /** Of the change, at 95 %. */
  interval: [number, number | 'Infinity'] | null;
  /** A change for the worse beyond it counts; counts of items count from the first one. */
  margin: number;
  /** One-sided: how often equal targets look at least as much worse; null for counts. */
  p: number | null;
  /** Pairs of stretches, or runs of both sides. */
  observations: number;
  /** Without it the comparison says nothing; the others fail it and do not hold it up. */
  needed: boolean;
  verdict: 'worse' | 'same' | 'better' | 'unknown';
  reason: string;
}
