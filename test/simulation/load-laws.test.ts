import { expect, test } from 'vitest';
import { type LawSubject, loadLawSubject } from '../fixtures/load-law.ts';
import { laws } from '../fixtures/load-laws.ts';

let subject: LawSubject | undefined;

test.each(laws)('$name', async ({ check }) => {
  subject ??= await loadLawSubject(new URL('../../src/', import.meta.url));
  expect(await check(subject)).toEqual([]);
});
