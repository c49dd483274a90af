export interface CanaryArrival {
  /** Monotonic ns of base/clock.ts. */
  arrivalNs: number;
  altered: string[];
}

/** Which canaries came, for those who wait for one. */
export interface CanaryBoard {
  /** The first arrival of a number counts. */
  arrived(number: number, arrival: CanaryArrival): void;
  /** The arrival, past or to come; undefined when `timeoutMs` is over. */
  wait(number: number, timeoutMs: number): Promise<CanaryArrival | undefined>;
}

export function createCanaryBoard(): CanaryBoard {
  const came = new Map<number, CanaryArrival>();
  const waiting = new Map<number, Set<(arrival: CanaryArrival | undefined) => void>>();
  return {
    arrived(number, { arrivalNs, altered }) {
      if (came.has(number)) return;
      came.set(number, { arrivalNs, altered });
      for (const resolve of waiting.get(number) ?? []) resolve({ arrivalNs, altered });
    },
    wait(number, timeoutMs) {
      const found = came.get(number);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve) => {
        const waits = waiting.get(number) ?? new Set();
        waiting.set(number, waits);
        const finish = (arrival: CanaryArrival | undefined) => {
          clearTimeout(timer);
          waits.delete(finish);
          resolve(arrival);
        };
        const timer = setTimeout(() => finish(undefined), timeoutMs);
        waits.add(finish);
      });
    },
  };
}
