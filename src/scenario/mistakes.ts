import type { ErrorCode, ErrorParts } from '../base/errors.ts';
import { SquallError } from '../base/errors.ts';

export type Path = readonly (string | number)[];

/** One mistake of a scenario, before its place in the file is looked up. */
export interface Mistake {
  path: Path;
  /** The place, where it is no path. */
  where?: string;
  /** Whether the place is the key or the value at `path`. */
  at?: 'key' | 'value';
  code?: ErrorCode;
  what: string;
  expected?: string;
  found?: string;
  next: string;
}

/** Where the words of a scenario stand. */
export interface Source {
  /** The scenario as plain data, environment values filled in. */
  data: unknown;
  /** file:line:column of the key or value at `path`, or of the nearest thing above it. */
  locate(path: Path, at: 'key' | 'value'): string;
  /** The value at `path` as the author wrote it, without values of the environment; undefined: as in `data`. */
  written(path: Path): string | undefined;
  /** Folder against which relative paths of this place are resolved. */
  baseDir(path: Path): string;
  /** Reads a text that came from the environment as a number or boolean where the schema wants one. */
  coerce(path: Path, type: 'number' | 'boolean'): boolean;
  /** Values that must never be shown. */
  secrets: Set<string>;
}

/** One error with all mistakes, in the order of the file. */
export function scenarioError(source: Pick<Source, 'locate'>, mistakes: readonly Mistake[]): SquallError {
  const parts = mistakes
    .map((mistake) => ({
      where: mistake.where ?? source.locate(mistake.path, mistake.at ?? 'value'),
      mistake,
    }))
    .sort((a, b) => comparePlaces(a.where, b.where))
    .map(({ where, mistake }): ErrorParts => {
      const { code = 'SQ-SCENARIO-INVALID', what, expected, found, next } = mistake;
      return {
        code,
        what,
        where,
        ...(expected === undefined ? {} : { expected }),
        ...(found === undefined ? {} : { found }),
        next,
      };
    });
  const [first, ...others] = parts;
  if (first === undefined) throw new RangeError('scenarioError needs a mistake');
  return new SquallError(first, { others });
}

/** a.yaml:9:2 before a.yaml:10:1; files in the order of their names. */
function comparePlaces(a: string, b: string): number {
  const [fileA, lineA, columnA] = splitPlace(a);
  const [fileB, lineB, columnB] = splitPlace(b);
  if (fileA !== fileB) return fileA < fileB ? -1 : 1;
  return lineA - lineB || columnA - columnB;
}

function splitPlace(where: string): [string, number, number] {
  const found = /^(.*):(\d+):(\d+)$/.exec(where);
  return found === null ? [where, 0, 0] : [found[1] ?? '', Number(found[2]), Number(found[3])];
}

/** load.spans.rate, faults[0].at */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${part}`;
  }
  return text === '' ? 'the scenario' : text;
}
