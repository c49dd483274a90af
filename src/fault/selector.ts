import type { Random } from '../base/random.ts';
import type { SelectorSpec } from '../scenario/types.ts';
import type { Member } from '../target/target.ts';

/**
 * The members a fault strikes, in member order; empty when none matches. Pure but for `random`: same seed, same
 * choice. `prefer` comes first where only some are taken: a kill of one prefers a member that carries load.
 */
export function selectMembers(options: {
  members: readonly Member[];
  selector: SelectorSpec;
  random: Random;
  prefer?: (member: Member) => boolean;
}): Member[] {
  const { members, selector, random, prefer } = options;
  const candidates = members.filter(({ group, name }) =>
    selector.member === undefined ? true : selector.member === group || selector.member === name,
  );
  const count = Math.min(candidates.length, countOf(selector, candidates.length, random));
  const order = shuffle(candidates, random);
  if (prefer !== undefined) order.sort((a, b) => Number(prefer(b)) - Number(prefer(a)));
  const taken = new Set(order.slice(0, count));
  return candidates.filter((member) => taken.has(member));
}

/** Chaos Mesh's modes. Percentages round down, and strike at least one member where there is one. */
export function countOf(selector: SelectorSpec, among: number, random: Pick<Random, 'below'>): number {
  const value = selector.value ?? 0;
  switch (selector.mode) {
    case 'one':
      return 1;
    case 'all':
      return among;
    case 'fixed':
      return value;
    case 'fixed-percent':
      return Math.max(1, Math.floor((among * value) / 100));
    case 'random-max-percent':
      return Math.max(1, Math.floor((among * random.below(value + 1)) / 100));
  }
}

/** Fisher-Yates. */
function shuffle<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const [a, b] = [order[last], order[other]];
    if (a !== undefined && b !== undefined) [order[last], order[other]] = [b, a];
  }
  return order;
}
