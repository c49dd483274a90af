import type { DrillStep } from '../scenario/drill-spec.ts';

/** One step of a game day as it went; times are ns from t = 0. */
export interface DrillStepRecord {
  step: DrillStep;
  fromNs: number;
  /** Undefined: the drill ended in it. */
  toNs?: number;
  /** What came of it, as a sentence without its dot. */
  outcome: string;
  /** Of a fault: when it was begun, after those before it were over and its alerts were looked at. */
  begunNs?: number;
  /** Of a fault: alerts expected of it whose rules Prometheus was not seen to have evaluated before. */
  unevaluated?: string[];
  /** Of a fault: such alerts that were pending or firing just before it; labels as AlertRecord has them. */
  active?: { alert: string; labels: string }[];
}
