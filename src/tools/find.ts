import { SquallError } from '../base/errors.ts';
import { buildTool } from './build.ts';
import { copyFromImage } from './docker-copy.ts';
import { findCached, findExplicit, findFromEnv, findOnPath } from './present.ts';
import { downloadRelease } from './release.ts';

export type ToolName = 'otelcol' | 'prometheus';

export interface FindOptions {
  /** Path or name that the scenario or a flag gives; nothing else is tried then. */
  explicit?: string;
  env: Readonly<Record<string, string | undefined>>;
  /** squall's cache, see defaultCacheDir. */
  cacheDir: string;
  /** Only what is on the machine already: nothing is downloaded or built. */
  presentOnly?: boolean;
  /** One line of progress. */
  say(line: string): void;
}

export interface FoundTool {
  /** Absolute path of a binary that has run once. */
  path: string;
  /** Such as 0.161.0; 'unknown' when the binary does not say. */
  version: string;
  /** Such as `PATH` or `release archive 0.161.0`. */
  source: string;
}

/** One place a tool may come from. Throws, with a sentence as message, when the tool cannot be had there. */
interface Source {
  name: string;
  get(tool: ToolName, options: FindOptions): Promise<FoundTool>;
}

/** In order: what is on the machine first, then what takes seconds, then what takes minutes. */
const present: readonly Source[] = [
  { name: 'environment', get: findFromEnv },
  { name: 'PATH', get: findOnPath },
  { name: 'cache', get: findCached },
];
const fetched: readonly Source[] = [
  { name: 'release archive', get: downloadRelease },
  { name: 'Docker image', get: copyFromImage },
  { name: 'build with Go', get: buildTool },
];
const given: readonly Source[] = [{ name: 'given path', get: findExplicit }];

/**
 * The collector or Prometheus, from the first source that has it. Each source that fails is said with its reason.
 * Throws SQ-TOOL-MISSING that lists every source tried.
 */
export async function findTool(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const tried: string[] = [];
  for (const source of sourcesFor(tool, options)) {
    try {
      return await source.get(tool, options);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      tried.push(`${source.name}: ${error.message}`);
      if (fetched.includes(source)) options.say(`${tool}, ${source.name}: ${error.message}`);
    }
  }
  const named = options.explicit ?? inEnv(tool, options);
  throw new SquallError({
    code: 'SQ-TOOL-MISSING',
    what:
      named === undefined
        ? `${tool} was found in none of ${tried.length} sources`
        : `the ${tool} that was given does not work`,
    where: tried.join('\n         '),
    expected: `a working ${tool}`,
    next:
      named === undefined
        ? `install Go or Docker, then: squall setup (or set ${envNames[tool]}=/path/to/${tool})`
        : `ls -l ${named}`,
  });
}

/** A path that was given is the only one meant: another version would answer another question. */
function sourcesFor(tool: ToolName, options: FindOptions): readonly Source[] {
  if (options.explicit !== undefined) return given;
  if (inEnv(tool, options) !== undefined) return present.slice(0, 1);
  return options.presentOnly === true ? present : [...present, ...fetched];
}

function inEnv(tool: ToolName, { env }: FindOptions): string | undefined {
  return env[envNames[tool]] || undefined;
}

export const envNames = { otelcol: 'SQUALL_OTELCOL', prometheus: 'SQUALL_PROMETHEUS' } as const;
