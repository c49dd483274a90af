import { afterEach, expect, test } from 'vitest';
import { type Mutation, makeMutant } from '../fixtures/mutant.ts';
import { loadSinkSubject } from '../fixtures/sink-law.ts';
import { sinkLaws } from '../fixtures/sink-laws.ts';
import { sinkMutations } from '../fixtures/sink-mutations.ts';

let remove: () => void = () => undefined;
afterEach(() => remove());

async function findingsOf(change: Mutation | undefined, ids: readonly string[]): Promise<string[]> {
  const mutant = makeMutant(change);
  remove = mutant.remove;
  const subject = loadSinkSubject(mutant.src);
  const patienceMs = change === undefined ? 60_000 : 300; // a mistake may be that no answer comes
  const found = sinkLaws
    .filter(({ id }) => ids.includes(id))
    .map(async ({ check }) => check(subject, patienceMs));
  const settled = await Promise.allSettled(found);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : [String(one.reason)]));
}

test.each(sinkMutations)('$law finds that $name', async ({ law, ...mutation }) => {
  expect(await findingsOf(mutation, [law])).not.toEqual([]);
});

test('a copy without a mistake keeps every law, and every law has a mistake that it finds', async () => {
  const ids = sinkLaws.map(({ id }) => id);
  expect(await findingsOf(undefined, ids)).toEqual([]);
  expect([...new Set(sinkMutations.map(({ law }) => law))].toSorted()).toEqual(ids.toSorted());
});
