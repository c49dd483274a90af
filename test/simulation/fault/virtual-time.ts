import type { Clock } from '../../../src/base/clock.ts';

/** One process of the simulation. Dead: nothing of it acts again. Hung: the same, but it still counts as alive. */
export class Life {
  state: 'alive' | 'hung' | 'dead' = 'alive';
  private steps = 0;
  private readonly end: { at: number; as: 'hung' | 'dead' } | undefined;
  private readonly onEnd: (() => void) | undefined;

  constructor(end?: { at: number; as: 'hung' | 'dead' }, onEnd?: () => void) {
    this.end = end;
    this.onEnd = onEnd;
  }

  /** A point at which it may end: before and after every effect and every write of the journal. */
  step(): void {
    if (this.state !== 'alive') throw new Error('acts after its end');
    this.steps += 1;
    if (this.steps === this.end?.at) {
      this.state = this.end.as;
      this.onEnd?.();
      throw new Error('ends here');
    }
  }

  kill(): void {
    this.state = 'dead';
  }
}

interface Timer {
  atNs: number;
  life: Life;
  fire: () => void;
}

/** Time that jumps from one timer to the next. */
export class VirtualTime {
  nowNs = 1e12;
  private timers: Timer[] = [];

  clockOf(life: Life): Clock {
    return {
      nowNs: () => this.nowNs,
      wallMs: () => this.nowNs / 1e6,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted === true) return reject(signal.reason);
          const timer = { atNs: this.nowNs + Math.max(0, ms) * 1e6, life, fire: resolve };
          this.timers.push(timer);
          signal?.addEventListener('abort', () => {
            this.timers = this.timers.filter((one) => one !== timer);
            if (life.state === 'alive') reject(signal.reason);
          });
        }),
    };
  }

  /** Runs until `done` says so, no timer is left, or the time is over; timers of an ended life never fire. */
  async run(done: () => boolean, untilNs: number): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (done()) return;
      this.timers = this.timers.filter(({ life }) => life.state === 'alive');
      const next = this.timers.reduce<Timer | undefined>(
        (least, timer) => (least === undefined || timer.atNs < least.atNs ? timer : least),
        undefined,
      );
      if (next === undefined || next.atNs > untilNs) {
        this.nowNs = Math.max(this.nowNs, next === undefined ? this.nowNs : untilNs);
        return;
      }
      this.timers = this.timers.filter((timer) => timer !== next);
      this.nowNs = next.atNs;
      next.fire();
    }
  }
}
