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

const oneOf: Record<string, string> = {
  items: 'item',
  batches: 'batch',
  intervals: 'interval',
  spans: 'span',
};

/** "1 batch", "2 batches"; a unit that has no singular stays as it is. */
export function formatWithUnit(value: number, unit: string): string {
  return `${format(value)} ${value === 1 ? (oneOf[unit] ?? unit) : unit}`.trim();
}

/** Four significant digits, or whole numbers from 1,000 on, thousands apart. */
export function format(value: number): string {
  const digits = value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
  return value.toLocaleString('en-US', digits);
}
