import type { PipelineFacts } from '../plan/facts.ts';

/** One stage between the load and the sink. */
export interface Hop {
  member: string;
  facts: PipelineFacts;
}

/** Stands in for a retry without an end (max_elapsed_time: 0), ms. */
const endlessRetryMs = 600_000;

/**
 * The longest time an item can stay in the pipeline while its collectors keep to their settings: per hop the batch
 * timeout, the retry's whole span, and the last attempt's timeout. Waiting in the queue is not added: what waits
 * there waits for the retry ahead of it, and leaves at once when that succeeds. Gives the sum and its parts.
 */
export function reachOf(hops: readonly Hop[]): { ns: number; parts: string[] } {
  const parts: string[] = [];
  let totalMs = 0;
  const add = (ms: number, text: string) => {
    if (ms === 0) return;
    totalMs += ms;
    parts.push(`${text} ${ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`}`);
  };
  for (const { member, facts } of hops) {
    add(facts.batchTimeoutMs, `${member}: batch timeout`);
    if (facts.retryEnabled) add(retryMs(facts), `${member}: ${retryWords(facts)}`);
    add(facts.exporterTimeoutMs, `${member}: last attempt's timeout`);
  }
  return { ns: totalMs * 1e6, parts };
}

/** How long to wait after the load for what is still under way, unless the target is seen to be empty before. */
export function settleOf(hops: readonly Hop[]): number {
  return reachOf(hops).ns + settleMarginNs;
}

/** Longer than an item can lie in batch processors, which no queue metric shows. */
export function quietOf(hops: readonly Hop[]): number {
  const batchMs = hops.reduce((sum, { facts }) => sum + facts.batchTimeoutMs, 0);
  return 1e9 + 2 * batchMs * 1e6;
}

/** For the sink to take what was sent at the last moment. */
const settleMarginNs = 2e9;

function retryMs(facts: PipelineFacts): number {
  return facts.retryMaxElapsedMs === 0 ? endlessRetryMs : facts.retryMaxElapsedMs;
}

function retryWords(facts: PipelineFacts): string {
  return facts.retryMaxElapsedMs === 0 ? 'retry without an end, counted as' : 'retry';
}
