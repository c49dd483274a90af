/** What a measure came to in a window; without a value, `reason` says what is missing. */
export interface Measured {
  value: number | null;
  reason: string;
  interval?: [number | null, number | null];
  /** The truth is at least this: enough to fail a limit that it already breaks. */
  atLeast?: number;
}

export function none(reason: string): Measured {
  return { value: null, reason };
}

/** Four significant digits, or whole numbers from 1,000 on, thousands apart. */
export function format(value: number): string {
  const digits = value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString('en-US', digits);
}
