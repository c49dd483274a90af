import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SquallError } from '../base/errors.ts';
import { maskSecrets } from '../base/mask.ts';
import { lintQuery } from '../observe/promql-lint.ts';
import { faults } from '../registry.ts';
import { readMemberConfigs } from '../run/secrets.ts';
import { loadScenario } from '../scenario/load.ts';
import type { Scenario } from '../scenario/types.ts';
import type { GlobalFlags } from './console.ts';

/** A scenario that squall brings along, in the checkout and in the package alike. */
export function bundledScenario(name: string): string {
  return join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'scenarios', `${name}.yaml`);
}

export interface ScenarioChoice {
  scenario: Scenario;
  /** Values that must never be written or printed. */
  secrets: string[];
  /** The scenario and the members' configurations as written. */
  texts: { scenario: string; configs: Record<string, string> };
  runId: string;
  seed: number;
}

/** Reads the scenario that the flags and the argument name; without an argument the bundled quickstart. */
export async function readScenario(flags: GlobalFlags, path: string | undefined): Promise<ScenarioChoice> {
  const { scenario, text, ...loaded } = await loadScenario(path ?? bundledScenario('quickstart'), {
    env: process.env,
    sets: flags.set ?? [],
    faults,
    checkQuery: (query) => lintQuery(query).problems,
    ...(flags.target === undefined ? {} : { targetFile: flags.target }),
  });
  const members = await readMemberConfigs(scenario, process.env);
  const secrets = [...new Set([...loaded.secrets, ...members.secrets])];
  const runId = flags.runId ?? newRunId(maskSecrets(scenario.name, secrets));
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
  const texts = { scenario: text, configs: members.configs };
  return { scenario, secrets, texts, runId, seed: parseSeed(flags.seed ?? '1') };
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
