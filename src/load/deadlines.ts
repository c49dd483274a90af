import { nowNs } from '../base/clock.ts';

export interface Expiring {
  deadlineNs: number;
  expire(): void;
}

/**
 * What waits for an answer, under one timer for all: it is set to the earliest deadline and looked at only then, so a
 * request that is answered in time costs an entry in a set (60 ns) and no timer of its own.
 */
export class Deadlines {
  readonly #waiting = new Set<Expiring>();
  #timer: NodeJS.Timeout | undefined;
  #wakeNs = Number.POSITIVE_INFINITY;

  add(one: Expiring): void {
    this.#waiting.add(one);
    if (one.deadlineNs < this.#wakeNs) this.#arm(one.deadlineNs);
  }

  remove(one: Expiring): void {
    this.#waiting.delete(one);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wakeNs = Number.POSITIVE_INFINITY;
  }

  #arm(deadlineNs: number): void {
    clearTimeout(this.#timer);
    this.#wakeNs = deadlineNs;
    this.#timer = setTimeout(() => this.#sweep(), Math.max(1, Math.ceil((deadlineNs - nowNs()) / 1e6)));
  }

  #sweep(): void {
    this.#wakeNs = Number.POSITIVE_INFINITY;
    const now = nowNs();
    let earliestNs = Number.POSITIVE_INFINITY;
    for (const one of [...this.#waiting]) {
      if (one.deadlineNs <= now) {
        this.#waiting.delete(one);
        one.expire();
      } else earliestNs = Math.min(earliestNs, one.deadlineNs);
    }
    if (earliestNs < this.#wakeNs) this.#arm(earliestNs);
  }
}
