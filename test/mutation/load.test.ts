import { afterEach, expect, test } from 'vitest';
import { loadLawSubject } from '../fixtures/load-law.ts';
import { laws } from '../fixtures/load-laws.ts';
import { loadMutations } from '../fixtures/load-mutations.ts';
import { type Mutation, makeMutant } from '../fixtures/mutant.ts';

let remove: () => void = () => undefined;
afterEach(() => remove());

async function findingsOf(change: Mutation | undefined, ids: readonly string[]): Promise<string[]> {
  const mutant = makeMutant(change);
  remove = mutant.remove;
  const subject = loadLawSubject(mutant.src);
  const found = laws.filter(({ id }) => ids.includes(id)).map(async ({ check }) => check(subject));
  const settled = await Promise.allSettled(found);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : [String(one.reason)]));
}

test.each(loadMutations)('$law finds that $name', async ({ law, ...mutation }) => {
  expect(await findingsOf(mutation, [law])).not.toEqual([]);
});

test('a copy without a mistake keeps every law, and every law has a mistake that it finds', async () => {
  const ids = laws.map(({ id }) => id);
  expect(await findingsOf(undefined, ids)).toEqual([]);
  expect([...new Set(loadMutations.map(({ law }) => law))].toSorted()).toEqual(ids.toSorted());
});
