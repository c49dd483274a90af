import { clopperPearson } from '../base/binomial.ts';
import type { GoalVerdict } from './types.ts';

/** One second of a trial: requests due in it, and how many of them took longer than the threshold. */
export interface Block {
  requests: number;
  over: number;
}

export interface ShareVerdict {
  verdict: GoalVerdict;
  /** Share over the threshold, and its 95 % interval. */
  share: number;
  interval: [number, number];
  designEffect: number;
}

/** A stall lasts for several blocks, so that longer ones tell of it too; fewer than this many tell nothing. */
const blocksMin = 8;
const blockLengths = [1, 2, 4, 8];

/**
 * Whether at most `allowed` of the requests are over the threshold (p(99): 0.01), by Clopper and Pearson's interval at
 * 95 %. Requests of one stall are no independent observations: counts are divided by the design effect.
 */
export function judgeShare(blocks: readonly Block[], allowed: number): ShareVerdict {
  const requests = sum(blocks, (block) => block.requests);
  const over = sum(blocks, (block) => block.over);
  const effect = designEffect(blocks);
  const interval = clopperPearson(over / effect, requests / effect);
  const verdict = interval[1] <= allowed ? 'pass' : interval[0] > allowed ? 'fail' : 'unknown';
  return { verdict, share: requests === 0 ? 0 : over / requests, interval, designEffect: effect };
}

/**
 * Variance of the blocks' shares over what independent requests would give; at least 1, and the worst over blocks of
 * 1, 2, 4 and 8 s.
 */
export function designEffect(blocks: readonly Block[]): number {
  let worst = 1;
  for (const length of blockLengths) {
    const joined = joinBlocks(blocks, length);
    if (joined.length >= blocksMin) worst = Math.max(worst, effectOf(joined));
  }
  return worst;
}

function effectOf(blocks: readonly Block[]): number {
  const requests = sum(blocks, (block) => block.requests);
  const share = sum(blocks, (block) => block.over) / requests;
  if (!(share > 0 && share < 1)) return 1;
  // Pearson's chi-square over its degrees of freedom; blocks need not be of one size.
  const spread = sum(blocks, ({ requests: n, over }) =>
    n === 0 ? 0 : (over - n * share) ** 2 / (n * share * (1 - share)),
  );
  return spread / (blocks.length - 1);
}

/** A last, shorter one is left out. */
function joinBlocks(blocks: readonly Block[], length: number): Block[] {
  const joined: Block[] = [];
  for (let from = 0; from + length <= blocks.length; from += length) {
    const part = blocks.slice(from, from + length);
    joined.push({ requests: sum(part, (one) => one.requests), over: sum(part, (one) => one.over) });
  }
  return joined;
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  let total = 0;
  for (const one of list) total += of(one);
  return total;
}
