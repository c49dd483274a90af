import type { ResourceLimits } from 'node:worker_threads';

/**
 * For threads that make much garbage at a steady rate. Left to itself V8 lets the young space of a thread grow to 48 MB
 * whenever the machine is busy, and memory that is flat looks like a leak: 8 % within half an hour of a run.
 */
export const steadyThread: ResourceLimits = { maxYoungGenerationSizeMb: 12 };
