import type { FaultContext } from './fault.ts';

/** Remembers when what a fault struck took requests again, for the stages of its recovery: the first time it was seen. */
export function noteReady({ memory, clock }: Pick<FaultContext, 'memory' | 'clock'>): void {
  if (!memory.has('endpointReadyNs')) memory.set('endpointReadyNs', clock.nowNs());
}
