import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SquallError } from '../base/errors.ts';
import { lintQuery } from '../observe/promql-lint.ts';
import { faults } from '../registry.ts';
import { loadScenario } from '../scenario/load.ts';
import type { Scenario } from '../scenario/types.ts';
import type { GlobalFlags } from './console.ts';

/** The scenarios that squall brings along, in the checkout and in the package alike. */
const bundled = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'scenarios');

export interface ScenarioChoice {
  scenario: Scenario;
  /** Values that must never be written or printed. */
  secrets: string[];
  runId: string;
  seed: number;
}

/** Reads the scenario that the flags and the argument name; without an argument the bundled quickstart. */
export async function readScenario(flags: GlobalFlags, path: string | undefined): Promise<ScenarioChoice> {
  const { scenario, secrets } = await loadScenario(path ?? join(bundled, 'quickstart.yaml'), {
    env: process.env,
    sets: flags.set ?? [],
    faults,
    checkQuery: (query) => lintQuery(query).problems,
    ...(flags.target === undefined ? {} : { targetFile: flags.target }),
  });
  const runId = flags.runId ?? newRunId(scenario.name);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(runId)) {
    throw new SquallError({
      code: 'SQ-USAGE',
      what: 'this run id cannot name a folder',
      where: '--run-id',
      expected: 'letters, digits, dot, dash and underscore, at most 100',
      found: JSON.stringify(runId),
      next: 'squall run --run-id nightly-1',
    });
  }
  return { scenario, secrets, runId, seed: parseSeed(flags.seed ?? '1') };
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new SquallError({
    code: 'SQ-USAGE',
    what: 'the seed is no whole number',
    where: '--seed',
    expected: 'an integer from 0 to 2^53 - 1',
    found: JSON.stringify(text),
    next: 'squall run --seed 1',
  });
}

/** Random, so that an old run's leftovers are foreign to this one. */
function newRunId(name: string): string {
  return `${name.replace(/[^A-Za-z0-9-]+/g, '-').slice(0, 40)}-${randomBytes(5).toString('hex')}`;
}
