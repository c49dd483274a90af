/** One alert from when it became active until it was not any more; seconds from t = 0, as its rule was evaluated. */
export interface AlertRecord {
  alert: string;
  /** Its other labels, as `name="value", ...`. */
  labels: string;
  /** First pending, or firing where it has no `for`. */
  activeS: number;
  firingS?: number;
  /** The last evaluation with it; absent in records of before it was kept. */
  lastS?: number;
  /** First evaluation without it; undefined: it was still active at the end. */
  endS?: number;
}
