import { parse } from 'yaml';
import type { Mistake, Path } from './mistakes.ts';

/** One --set flag. */
export interface SetOption {
  path: (string | number)[];
  value: unknown;
}

/** --set load.spans.rate=5000: the path in dots, list places as numbers, the value as YAML. */
export function parseSet(text: string, mistakes: Mistake[]): SetOption | undefined {
  const equals = text.indexOf('=');
  const words = text.slice(0, Math.max(0, equals)).split('.');
  const path = words.flatMap((word) => word.split(/\[(\d+)\]/).filter((part) => part !== ''));
  try {
    if (path.length > 0 && !path.includes('__proto__')) {
      const value: unknown = parse(text.slice(equals + 1));
      return { path: path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)), value };
    }
  } catch {
    // the value is not YAML: the mistake below says what is expected
  }
  mistakes.push({
    code: 'SQ-USAGE',
    path: [],
    where: '--set',
    what: '--set is not path=value',
    expected: 'a path in dots and a YAML value, such as load.spans.rate=5000',
    found: text,
    next: 'correct the --set flag',
  });
  return undefined;
}

/** The flag that wrote the value at `path`, the last one counts. */
export function setOf(sets: readonly SetOption[], path: Path): SetOption | undefined {
  return sets.findLast((set) => set.path.every((part, index) => String(path[index]) === String(part)));
}

/** The scenario's data with another target block and the flags applied; what is no mapping stays as it is. */
export function applyOverrides(
  main: unknown,
  target: { value: unknown } | undefined,
  sets: readonly SetOption[],
): unknown {
  if (typeof main !== 'object' || main === null || Array.isArray(main)) return main;
  const all: Record<string, unknown> = target === undefined ? { ...main } : { ...main, target: target.value };
  for (const set of sets) applySet(all, set);
  return all;
}

function applySet(root: Record<string | number, unknown>, set: SetOption): void {
  let at = root;
  for (const key of set.path.slice(0, -1)) {
    const inner = at[key];
    if (typeof inner !== 'object' || inner === null) at[key] = {};
    at = at[key] as Record<string | number, unknown>;
  }
  const last = set.path.at(-1);
  if (last !== undefined) at[last] = set.value;
}
