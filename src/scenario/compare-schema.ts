import { resolve } from 'node:path';
import { z } from 'zod';
import type { CompareSpec } from './compare-spec.ts';
import type { Draft } from './draft.ts';
import { wrongWord } from './issues.ts';
import type { Mistake } from './mistakes.ts';
import { collectorsOf } from './types.ts';

const side = z.strictObject({
  config: z.string().min(1).optional().describe('a collector configuration'),
  binary: z.string().min(1).optional().describe('a collector program, of a local target'),
  image: z.string().min(1).optional().describe('a container image, of a docker or kind target'),
});

/** The compare block: what `squall compare SCENARIO` sets against one another. */
export const compareSchema = z.strictObject({
  member: z.string().min(1).optional().describe('the member that differs; default: the only one'),
  baseline: side.describe('what of the member is other than the target says: config, binary or image'),
  candidate: side.describe('the same of the other side'),
  pairs: z.int().min(1).max(20).optional().describe('runs of each side, in turn; default 5'),
});

const pairsDefault = 5;

export function toCompareSpec(text: z.output<typeof compareSchema>, baseDir: string): CompareSpec {
  const { member, baseline, candidate, pairs } = text;
  return {
    ...(member === undefined ? {} : { member }),
    baseline: settingsOf(baseline, baseDir),
    candidate: settingsOf(candidate, baseDir),
    pairs: pairs ?? pairsDefault,
  };
}

/** A program without a slash is looked up on the PATH, as the target's own is. */
function settingsOf(
  { config, binary, image }: z.output<typeof side>,
  baseDir: string,
): CompareSpec['baseline'] {
  return {
    ...(config === undefined ? {} : { config: resolve(baseDir, config) }),
    ...(binary === undefined ? {} : { binary: binary.includes('/') ? resolve(baseDir, binary) : binary }),
    ...(image === undefined ? {} : { image }),
  };
}

/** What of a member can differ, by kind of target. */
const able: Record<string, readonly string[]> = {
  local: ['config', 'binary'],
  docker: ['config', 'image'],
  kind: ['config', 'image'],
};

export function checkCompare({ compare, target }: Draft): Mistake[] {
  if (compare === undefined || target === undefined) return [];
  const path = ['compare'];
  const names = Object.keys(able[target.kind] === undefined ? {} : collectorsOf(target));
  if (names.length === 0) {
    const expected = `a target with members that squall starts: ${Object.keys(able).join(', ')}`;
    const next = 'run both sides by hand, then squall compare BASELINE CANDIDATE';
    return [{ path, what: 'this target has nothing to exchange', expected, found: target.kind, next }];
  }
  const mistakes: Mistake[] = [];
  const { member } = compare;
  if (member !== undefined && !names.includes(member)) {
    const what = 'compare.member names no member of the target';
    mistakes.push(wrongWord([...path, 'member'], { what, word: member, words: names }));
  }
  if (member === undefined && names.length > 1) {
    const expected = `one of ${names.join(', ')}`;
    const what = 'which member differs is not said';
    mistakes.push({ path, what, expected, found: 'no member', next: `write member: ${names[0]}` });
  }
  const keys = [...Object.keys(compare.baseline), ...Object.keys(compare.candidate)];
  for (const key of new Set(keys.filter((one) => able[target.kind]?.includes(one) === false))) {
    const expected = able[target.kind]?.join(' or ') ?? '';
    const what = `members of a ${target.kind} target have no ${key}`;
    mistakes.push({ path, what, expected, found: key, next: `use ${expected}` });
  }
  if (JSON.stringify(compare.baseline) === JSON.stringify(compare.candidate)) {
    const what = 'the two sides are the same';
    const next = 'give one side another config, binary or image';
    mistakes.push({ path, what, expected: 'sides that differ', found: 'no difference', next });
  }
  return mistakes;
}
