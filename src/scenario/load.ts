import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { SquallError } from '../base/errors.ts';
import type { Fault } from '../fault/fault.ts';
import { type CheckQuery, type ParsedScenario, parseScenario } from './parse.ts';

export interface LoadScenarioOptions {
  env: Record<string, string | undefined>;
  /** --set flags, as given. */
  sets: readonly string[];
  /** A file whose target block replaces the scenario's. */
  targetFile?: string;
  faults: Record<string, Fault>;
  checkQuery?: CheckQuery;
}

export interface LoadedScenario extends ParsedScenario {
  /** As written, with the file that replaces the target as a second document; not masked. */
  text: string;
}

/**
 * Reads a scenario: YAML (or JSON, which is YAML), or a TypeScript or JavaScript module whose default export is one.
 * Throws SquallError: SQ-SCENARIO-UNREADABLE, or all mistakes of the scenario at once.
 */
export async function loadScenario(path: string, options: LoadScenarioOptions): Promise<LoadedScenario> {
  const isModule = /\.[cm]?[jt]s$/.test(path);
  const text = isModule
    ? stringify(await readModule(path), { aliasDuplicateObjects: false })
    : readText(path);
  const { env, sets, faults, targetFile, checkQuery } = options;
  const targetText = targetFile === undefined ? undefined : { file: targetFile, text: readText(targetFile) };
  const parsed = parseScenario(text, {
    file: path,
    env,
    sets,
    faults,
    ...(checkQuery === undefined ? {} : { checkQuery }),
    places: isModule ? 'paths' : 'lines',
    ...(targetText === undefined ? {} : { targetText }),
  });
  return { ...parsed, text: targetText === undefined ? text : `${text}\n---\n${targetText.text}` };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unreadable(file, cause, `ls -l ${file}`);
  }
}

async function readModule(file: string): Promise<unknown> {
  let loaded: { default?: unknown };
  try {
    loaded = await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    throw unreadable(file, cause, `node ${file}`);
  }
  if (typeof loaded.default === 'object' && loaded.default !== null) return loaded.default;
  throw new SquallError({
    code: 'SQ-SCENARIO-UNREADABLE',
    what: 'the module exports no scenario',
    where: file,
    expected: 'export default defineScenario({...})',
    found: `a default export of type ${typeof loaded.default}`,
    next: 'add the default export',
  });
}

function unreadable(file: string, cause: unknown, next: string): SquallError {
  const found = cause instanceof Error ? cause.message : String(cause);
  const what = 'the file cannot be read';
  return new SquallError({ code: 'SQ-SCENARIO-UNREADABLE', what, where: file, found, next }, { cause });
}
