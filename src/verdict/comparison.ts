import type { VerdictWord } from '../base/signal.ts';
import type { ThresholdSpec } from '../scenario/types.ts';

/** Whether the value keeps the threshold; a value that is not a number keeps none. */
export function keeps(threshold: Pick<ThresholdSpec, 'operator' | 'limit'>, value: number): boolean {
  const { operator, limit } = threshold;
  if (Number.isNaN(value)) return false;
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '==':
      return value === limit;
    case '!=':
      return value !== limit;
    default:
      return operator satisfies never;
  }
}

const weight: Record<VerdictWord, number> = { fail: 2, unknown: 1, pass: 0 };

/** The worst of them; nothing to judge is unknown. */
export function mergeVerdicts(words: VerdictWord[]): VerdictWord {
  if (words.length === 0) return 'unknown';
  return words.reduce((worst, word) => (weight[word] > weight[worst] ? word : worst));
}

/** Exit codes, the one that wins first. */
const exitOrder = [5, 130, 3, 4, 1, 2, 0];

export function mergeExitCodes(codes: number[]): number {
  return exitOrder.find((code) => codes.includes(code)) ?? 2;
}
