import type { Protocol, Signal } from '../src/base/signal.ts';
import type { Plan } from '../src/plan/types.ts';
import { closedEntry, loadPlan } from '../test/fixtures/load/plan.ts';

/** One way of sending as fast as it is answered. */
export interface LoadCase {
  signal: Signal;
  protocol: Protocol;
  compression: 'none' | 'gzip';
  batch: number;
  items: number;
  itemBytes: number;
  inFlight: number;
  connections: number;
}

/** The plan of one closed entry on one worker; the same at the sender and at the sink that verifies it. */
export function loadPlanOf(load: LoadCase): Plan {
  const { signal, protocol, compression, batch, itemBytes, inFlight, connections } = load;
  const shape = { itemBytes, services: 3, series: 1024, metricTypes: ['gauge' as const, 'sum' as const] };
  const spec = {
    name: signal,
    signal,
    protocol,
    compression,
    batch,
    maxInFlight: inFlight,
    connections,
    shape,
  };
  const items = Math.floor(load.items / batch) * batch;
  return loadPlan([closedEntry({ spec: { ...spec, timeoutMs: 10_000 }, items, durationMs: 600_000 })]);
}
