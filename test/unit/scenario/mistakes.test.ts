import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatError, SquallError } from '../../../src/base/errors.ts';
import { faults } from '../../../src/registry.ts';
import { parseScenario } from '../../../src/scenario/parse.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/scenarios');
const golden = join(import.meta.dirname, '../../golden');

test('one file with 41 mistakes gives all of them at once, in the order of the file, each with its place', async () => {
  const text = readFileSync(join(fixtures, 'mistakes.yaml'), 'utf8');
  const error = errorOf(() => parseScenario(text, { file: 'mistakes.yaml', env: {}, sets: [], faults }));
  const all = [error.parts, ...error.others];
  const printed = all.map(formatError).join('\n').replaceAll(process.cwd(), '/here');
  await expect(`${printed}\n`).toMatchFileSnapshot(join(golden, 'mistakes.txt'));
  expect(all.map((parts) => parts.where).every((where) => /^mistakes\.yaml:\d+:\d+$/.test(where ?? ''))).toBe(
    true,
  );
  expect(all).toHaveLength(41);
  expect(error.exitCode).toBe(3);
});

function errorOf(run: () => unknown): SquallError {
  try {
    run();
  } catch (error) {
    if (error instanceof SquallError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
