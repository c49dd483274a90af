import { SquallError } from '../base/errors.ts';
import { findCached, findExplicit, findFromEnv, findOnPath } from './present.ts';

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
const sources: readonly Source[] = [
  { name: 'environment', get: findFromEnv },
  { name: 'PATH', get: findOnPath },
  { name: 'cache', get: findCached },
];

/**
 * The collector or Prometheus, from the first source that has it. Each source that fails is said with its reason.
 * Throws SQ-TOOL-MISSING that lists every source tried.
 */
export async function findTool(tool: ToolName, options: FindOptions): Promise<FoundTool> {
  const tried: string[] = [];
  const wanted = options.explicit === undefined ? sources : [{ name: 'given path', get: findExplicit }];
  for (const source of wanted) {
    try {
      return await source.get(tool, options);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      tried.push(`${source.name}: ${error.message}`);
      if (wanted.indexOf(source) >= 3) options.say(`${tool}: ${source.name}: ${error.message}`);
    }
  }
  throw new SquallError({
    code: 'SQ-TOOL-MISSING',
    what: `${tool} was found nowhere`,
    where: options.explicit ?? tried.map((line) => `\n    ${line}`).join(''),
    expected: `a working ${tool} binary`,
    ...(options.explicit === undefined ? {} : { found: tried[0] ?? 'nothing' }),
    next:
      options.explicit === undefined
        ? `set ${envNames[tool]}=/path/to/${tool}, or run: squall setup`
        : `ls -l ${options.explicit}`,
  });
}

export const envNames = { otelcol: 'SQUALL_OTELCOL', prometheus: 'SQUALL_PROMETHEUS' } as const;
