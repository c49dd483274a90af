import { build, encodeIntoCompressedBase64, type Histogram as Hdr } from 'hdr-histogram-js';

/** Durations beyond this (104 days in ns, the largest exact integer) are kept as this. */
const valueMax = Number.MAX_SAFE_INTEGER;

/**
 * Durations in ns, three significant figures, with +Infinity as a value of its own: a request that never got its
 * answer is an observation above every finite one, and no percentile may leave it out.
 */
export class DurationHistogram {
  readonly #hdr: Hdr = build({
    bitBucketSize: 64,
    autoResize: true,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
  #infinite = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  #finiteMax = 0;

  /** Negative durations count as 0; NaN counts as +Infinity: an answer without a time is no answer. */
  record(valueNs: number, times = 1): void {
    if (times <= 0) return;
    const value = Number.isNaN(valueNs) ? Number.POSITIVE_INFINITY : Math.max(0, valueNs);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#sum += value * times;
    if (value === Number.POSITIVE_INFINITY) this.#infinite += times;
    else {
      this.#finiteMax = Math.max(this.#finiteMax, value);
      this.#hdr.recordValueWithCount(Math.min(valueMax, Math.round(value)), times);
    }
  }

  merge(other: DurationHistogram): void {
    if (other.#hdr.totalCount > 0) this.#hdr.add(other.#hdr);
    this.#infinite += other.#infinite;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#sum += other.#sum;
    this.#finiteMax = Math.max(this.#finiteMax, other.#finiteMax);
  }

  get count(): number {
    return this.#hdr.totalCount + this.#infinite;
  }

  get infinite(): number {
    return this.#infinite;
  }

  /** Smallest and largest as recorded, and the mean; undefined when empty. */
  get min(): number | undefined {
    return this.count === 0 ? undefined : this.#min;
  }

  get max(): number | undefined {
    return this.count === 0 ? undefined : this.#max;
  }

  get mean(): number | undefined {
    return this.count === 0 ? undefined : this.#sum / this.count;
  }

  /** Nearest rank: the smallest value that at least `percent` % of all observations do not exceed. */
  percentile(percent: number): number | undefined {
    return this.atRank(rankOf(percent, this.count));
  }

  /** The rank-th smallest observation, from 1; ranks outside [1, count] are moved to its ends. */
  atRank(rank: number): number | undefined {
    if (this.count === 0) return undefined;
    const place = Math.min(this.count, Math.max(1, rank));
    const finite = this.#hdr.totalCount;
    if (place > finite) return Number.POSITIVE_INFINITY;
    const value = this.#hdr.getValueAtPercentile(((place - 0.5) / finite) * 100);
    return Math.min(Math.max(value, this.#min), this.#finiteMax);
  }

  /** The finite part in HdrHistogram's own compressed base64 (any HDR tool reads it), and the infinite count. */
  encode(): { hdr: string; infinite: number } {
    return { hdr: encodeIntoCompressedBase64(this.#hdr), infinite: this.#infinite };
  }
}

/** 7 % of 100 is 7, not the 7.000000000000001 of floating point, whose ceiling would be one rank too high. */
export function rankOf(percent: number, count: number): number {
  const exact = (percent / 100) * count;
  return Math.max(1, Math.ceil(exact * (1 - 4 * Number.EPSILON)));
}
