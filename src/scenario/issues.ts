import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { advice, betterText } from './advice.ts';
import type { Mistake, Path, Source } from './mistakes.ts';
import { formatPath } from './mistakes.ts';

type Issue = z.core.$ZodIssue;

const typeWords: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  array: 'a list',
};

/** Parses the part of a scenario at `path`; mistakes go to `mistakes`, undefined means that there were some. */
export function parsePart<T>(
  source: Source,
  part: { schema: z.ZodType<T>; path: Path; data?: () => unknown },
  mistakes: Mistake[],
): T | undefined {
  const read = () =>
    part.schema.safeParse(part.data === undefined ? dataAt(source.data, part.path) : part.data(), { error });
  let result = read();
  if (!result.success) {
    const coerced = flatten(result.error.issues, []).filter((issue) => coerce(source, part.path, issue));
    if (coerced.length > 0) result = read();
  }
  if (result.success) return result.data;
  for (const issue of flatten(result.error.issues, [])) {
    mistakes.push(...mistakesOf(source, { ...issue, path: [...part.path, ...issue.path] }));
  }
  return undefined;
}

/**
 * As parsePart; what has mistakes is read once more without the fields that are wrong, so that the checks of meaning
 * see the rest. The mistakes are reported all the same.
 */
export function parseMost<T>(
  source: Source,
  part: { schema: z.ZodType<T>; path: Path },
  mistakes: Mistake[],
): T | undefined {
  const found: Mistake[] = [];
  const whole = parsePart(source, part, found);
  mistakes.push(...found);
  if (whole !== undefined) return whole;
  const rest = structuredClone(dataAt(source.data, part.path));
  for (const { path } of found) remove(rest, path.slice(part.path.length));
  const result = part.schema.safeParse(rest);
  return result.success ? result.data : undefined;
}

/** Takes a field out of a mapping; places in lists stay, as later ones would move. */
function remove(data: unknown, path: Path): void {
  const parent = dataAt(data, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent) || key === undefined) return;
  delete (parent as Record<string | number, unknown>)[key];
}

export function dataAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** A list at the top of the scenario; what is no list was a mistake of form. */
export function listAt(data: unknown, key: string): unknown[] {
  const list = dataAt(data, [key]);
  return Array.isArray(list) ? list : [];
}

/** The right word that is nearest to a wrong one, if it is near at all: at most every third letter differs. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (words.length === 0 || word === '') return undefined;
  const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, '');
  const found = closest(plain(word), words.map(plain));
  const original = words.find((candidate) => plain(candidate) === found);
  const limit = Math.ceil(Math.max(word.length, found.length) / 3);
  return original !== undefined && distance(plain(word), found) <= limit ? original : undefined;
}

/** A mistake about a word that should have been one of a few. */
export function wrongWord(
  path: Path,
  options: { what: string; word: string; words: readonly string[]; at?: 'key' | 'value'; next?: string },
): Mistake {
  const near = nearest(options.word, options.words);
  return {
    path,
    at: options.at ?? 'value',
    what: options.what,
    expected: options.words.length === 0 ? 'none: there are none' : `one of ${options.words.join(', ')}`,
    found: options.word,
    next: near === undefined ? (options.next ?? 'write one of the expected words') : `write ${near}`,
  };
}

/** Passes the keys that an object knows through zod's message, the only thing of a schema that an issue keeps. */
function error(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys' || !(issue.inst instanceof z.ZodObject)) return undefined;
  return JSON.stringify(Object.keys(issue.inst.shape));
}

/** Issues of the best branch of each union stand in for the union's own. */
function flatten(issues: readonly Issue[], path: Path): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const here = [...path, ...(issue.path as Path)];
    if (
      issue.code !== 'invalid_union' ||
      issue.errors.length === 0 ||
      issue.message.startsWith('expected ')
    ) {
      return [{ ...issue, path: here }];
    }
    const branches = issue.errors.map((errors) => flatten(errors, here));
    const deepest = branches.filter((branch) => branch.every((one) => isInside(one, here)));
    const best = (deepest.length > 0 ? deepest : branches).toSorted((a, b) => a.length - b.length)[0];
    if (deepest.length > 0 || best === undefined) return best ?? [];
    return [
      {
        ...issue,
        code: 'custom',
        path: here,
        message: `expected ${branches.map(oneExpectation).join(', or ')}`,
      },
    ];
  });
}

function isInside(issue: Issue, path: Path): boolean {
  return issue.path.length > path.length || issue.code === 'unrecognized_keys';
}

function oneExpectation(branch: readonly Issue[]): string {
  const first = branch[0];
  return first === undefined ? 'something else' : (expectation(first) ?? first.message);
}

function coerce(source: Source, base: Path, issue: Issue): boolean {
  if (issue.code !== 'invalid_type') return false;
  const path = [...base, ...(issue.path as Path)];
  if (issue.expected === 'number' || issue.expected === 'int') return source.coerce(path, 'number');
  return issue.expected === 'boolean' && source.coerce(path, 'boolean');
}

function mistakesOf(source: Source, issue: Issue): Mistake[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.message);
    return issue.keys.map((key) => unknownKey([...path, key], key, known));
  }
  const raw = dataAt(source.data, path);
  const name = formatPath(path);
  if (raw === undefined) {
    return [
      {
        path,
        at: 'key',
        what: `${name} is missing`,
        expected: expectation(issue) ?? issue.message,
        next: `add ${String(path.at(-1) ?? name)}`,
      },
    ];
  }
  const found = foundText(source, path);
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : wordsOf(issue.message);
  const near = typeof raw === 'string' ? (nearest(raw, words) ?? undefined) : undefined;
  const expected = expectation(issue);
  return [
    {
      path,
      what: expected === undefined ? `${name}: ${issue.message}` : `${name} has a wrong value`,
      ...(expected === undefined ? {} : { expected }),
      found,
      next:
        near === undefined
          ? (advice(path, raw) ?? betterText(expected, raw) ?? `correct ${name}`)
          : `write ${near}`,
    },
  ];
}

/** An unknown key of a mapping that knows `known`. */
export function unknownKey(path: Path, key: string, known: readonly string[]): Mistake {
  const hint = advice(path, key);
  const near = nearest(key, known);
  return {
    path,
    at: 'key',
    what: `${formatPath(path)} is not a field`,
    expected: `one of ${known.join(', ')}`,
    found: key,
    next: hint ?? (near === undefined ? `remove ${key}` : `write ${near}`),
  };
}

function knownKeys(message: string): string[] {
  try {
    const keys: unknown = JSON.parse(message);
    return Array.isArray(keys) ? keys.map(String) : [];
  } catch {
    return []; // a schema with a message of its own; the key alone must do
  }
}

function wordsOf(message: string): string[] {
  return /^expected one of (.*)$/.exec(message)?.[1]?.split(', ') ?? [];
}

function expectation(issue: Issue): string | undefined {
  if (issue.message.startsWith('expected ')) return issue.message.slice('expected '.length);
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `${bound(issue.origin)}${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${bound(issue.origin)}${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}`;
    default:
      return undefined;
  }
}

function bound(origin: string): string {
  if (origin === 'string') return 'a text with a length of ';
  return origin === 'array' || origin === 'object' || origin === 'record' ? 'a count of ' : '';
}

/** What stands at `path`, short, without values of the environment. */
export function foundText(source: Source, path: Path): string {
  const raw = dataAt(source.data, path);
  const written = source.written(path);
  if (raw === null) return 'nothing';
  if (Array.isArray(raw)) return `a list of ${raw.length}`;
  if (typeof raw === 'object') return 'a mapping';
  const text = written ?? String(raw);
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
