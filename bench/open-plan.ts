import type { Plan } from '../src/plan/types.ts';
import { loadPlan, loadSpec } from '../test/fixtures/load/plan.ts';

export interface OpenCase {
  fromPerS: number;
  toPerS: number;
  seconds: number;
  batch: number;
  poisson?: boolean;
  maxInFlight?: number;
}

/** One open entry of spans over gRPC on one worker: a constant rate or a ramp, even or Poisson. */
export function openPlan(of: OpenCase): Plan {
  const { fromPerS, toPerS, seconds, batch, maxInFlight = 256 } = of;
  const items = Math.round(((fromPerS + toPerS) / 2) * seconds);
  const toNs = seconds * 1e9;
  const rate = (items: number) => ({ items, perNs: 1e9 });
  const segments = [{ fromNs: 0, toNs, startRate: rate(fromPerS), endRate: rate(toPerS), itemsBefore: 0 }];
  const poisson = of.poisson === true ? { poissonSeed: 'bench' } : {};
  return loadPlan([
    {
      spec: loadSpec({ batch, maxInFlight, timeoutMs: 10_000 }),
      pace: { kind: 'open', segments, items, batch, ...poisson },
      startNs: 0,
      endNs: toNs,
      items,
      requests: Math.ceil(items / batch),
      streams: [1],
      roundNs: 1_000_000_000,
      stages: [],
    },
  ]);
}
