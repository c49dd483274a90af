/** A wake-up this late counts as late; one within it counts as on time. */
export const lateTickNs = 10e6;
/** A request that could not be started this long after its due time is missed. */
export const giveUpNs = 1e9;

export type Admitted = 'start' | 'queue' | 'missed-by-target' | 'missed-by-generator';

/**
 * The in-flight bound of one entry on one worker, and whom a missed request is charged to. A request whose due time
 * lies in an interval when the bound was full is missed and the target's; otherwise it is started, or, when a stall of
 * the generator has filled the bound by catching up, queued for a free slot; one that is then more than a second late
 * is missed and the generator's. Times are ns; due times must not decrease.
 */
export class Admission {
  readonly #bound: number;
  #inFlight = 0;
  #queued = 0;
  /** Since when the bound is full; Infinity when it is not. */
  #fullFromNs = Number.POSITIVE_INFINITY;
  /** Past intervals [from, to) in which it was full and that due times may still lie in. */
  readonly #full: { fromNs: number; toNs: number }[] = [];

  constructor(bound: number) {
    this.#bound = bound;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get free(): boolean {
    return this.#inFlight < this.#bound;
  }

  /** Decides a request that became due at `dueNs` and takes the slot when it may start. */
  admit(dueNs: number, nowNs: number): Admitted {
    if (this.#wasFull(dueNs)) return 'missed-by-target';
    if (nowNs - dueNs > giveUpNs) return 'missed-by-generator';
    if (this.free && this.#queued === 0) {
      this.take(dueNs, nowNs);
      return 'start';
    }
    this.#queued++;
    return 'queue';
  }

  /** Decides the request that waited longest, when a slot is free. */
  admitQueued(dueNs: number, nowNs: number): 'start' | 'missed-by-generator' {
    this.#queued--;
    if (nowNs - dueNs > giveUpNs) return 'missed-by-generator';
    this.take(dueNs, nowNs);
    return 'start';
  }

  /** A tick that is a little late must not make the next request's miss the generator's: the slot counts from due. */
  take(dueNs: number, nowNs: number): void {
    this.#inFlight++;
    if (this.#inFlight < this.#bound) return;
    this.#fullFromNs = nowNs - dueNs <= lateTickNs ? dueNs : nowNs;
  }

  release(nowNs: number): void {
    if (!this.free) {
      this.#full.push({ fromNs: this.#fullFromNs, toNs: nowNs });
      this.#fullFromNs = Number.POSITIVE_INFINITY;
    }
    this.#inFlight--;
  }

  #wasFull(dueNs: number): boolean {
    while ((this.#full[0]?.toNs ?? Number.POSITIVE_INFINITY) <= dueNs) this.#full.shift();
    if (this.#fullFromNs <= dueNs) return true;
    return this.#full.some(({ fromNs, toNs }) => fromNs <= dueNs && dueNs < toNs);
  }
}
