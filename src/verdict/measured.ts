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

/** Up to four significant decimals, thousands apart. */
export function format(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: value >= 1000 ? 15 : 4 });
}
