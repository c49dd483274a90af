import { dirname, resolve } from 'node:path';
import { isMap, isScalar, parse } from 'yaml';
import { fillEnvironment } from './environment.ts';
import type { Mistake, Path, Source } from './mistakes.ts';
import { formatPath } from './mistakes.ts';
import { applyOverrides, parseSet, setOf } from './overrides.ts';
import { locateIn, nodeAt, readYaml, toPlain, type YamlText } from './yaml-text.ts';

export interface SourceOptions {
  file: string;
  env: Record<string, string | undefined>;
  /** --set flags, as given. */
  sets: readonly string[];
  /** Stands in the place of the target block: the block itself, or a mapping with the one key `target`. */
  targetText?: { file: string; text: string };
  /** For a module, whose lines are not those of the text. */
  places?: 'lines' | 'paths';
}

/**
 * A scenario's YAML with its positions: ${NAME} filled in, the target block exchanged, --set applied. Throws one
 * SquallError with every syntax error; mistakes that leave the rest readable go to `mistakes`.
 */
export function readSource(text: string, options: SourceOptions, mistakes: Mistake[]): Source {
  const main = readYaml(text, options.file);
  const target = options.targetText && readYaml(options.targetText.text, options.targetText.file);
  const secrets = new Set<string>();
  const environment = { env: options.env, secrets };
  mistakes.push(...fillEnvironment(main, [], environment));
  if (target !== undefined)
    mistakes.push(...fillEnvironment(target, isWrapped(target) ? [] : ['target'], environment));
  const sets = options.sets.map((set) => parseSet(set, mistakes)).filter((set) => set !== undefined);
  const data = () => applyOverrides(toPlain(main), target && { value: targetBlock(target) }, sets);
  const scalarAt = (path: Path) => {
    if (setOf(sets, path) !== undefined) return undefined;
    const { from, rest } = textOf(main, target, path);
    const node = nodeAt(from, rest);
    return isScalar(node) ? { node, written: from.written.get(node) } : undefined;
  };
  const source: Source = {
    data: data(),
    secrets,
    locate: (path, at) => {
      const set = setOf(sets, path);
      if (set !== undefined) return `--set ${formatPath(set.path)}`;
      const { from, rest } = textOf(main, target, path);
      if (from === main && options.places === 'paths') return `${options.file} (${formatPath(path)})`;
      return locateIn(from, rest, at);
    },
    written: (path) => {
      const scalar = scalarAt(path);
      return scalar?.written ?? scalar?.node.source;
    },
    baseDir: (path) => dirname(resolve(textOf(main, target, path).from.file)),
    coerce: (path, type) => {
      const scalar = scalarAt(path);
      if (scalar?.written === undefined || typeof scalar.node.value !== 'string') return false;
      const value = readScalar(scalar.node.value);
      if (typeof value !== type) return false;
      secrets.delete(scalar.node.value);
      scalar.node.value = value;
      source.data = data();
      return true;
    },
  };
  return source;
}

/** A text from the environment as YAML would read it, if that is a plain value. */
function readScalar(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text; // not YAML: then it is neither a number nor a boolean
  }
}

function targetBlock(text: YamlText): unknown {
  const value = toPlain(text);
  return isWrapped(text) ? (value as { target: unknown }).target : value;
}

function isWrapped(text: YamlText): boolean {
  return isMap(text.document.contents) && text.document.contents.has('target');
}

function textOf(main: YamlText, target: YamlText | undefined, path: Path): { from: YamlText; rest: Path } {
  if (target === undefined || path[0] !== 'target') return { from: main, rest: path };
  return { from: target, rest: isWrapped(target) ? path : path.slice(1) };
}
