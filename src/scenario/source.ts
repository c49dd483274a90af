import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Document, LineCounter, Node } from 'yaml';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter as Lines,
  parse,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import type { ErrorParts } from '../base/errors.ts';
import { SquallError } from '../base/errors.ts';
import type { Mistake, Path, Source } from './mistakes.ts';

export interface SourceOptions {
  file: string;
  env: Record<string, string | undefined>;
  sets: readonly string[];
  targetText?: { file: string; text: string };
}

interface Text {
  file: string;
  document: Document.Parsed;
  lines: LineCounter;
  /** Scalars that held ${NAME}, with the text as written. */
  written: Map<Scalar, string>;
}

/**
 * A scenario's YAML with its positions: ${NAME} filled in, --target put in the place of the target block, --set applied.
 * Throws one SquallError with every syntax error; mistakes that leave the rest readable go to `mistakes`.
 */
export function readSource(text: string, options: SourceOptions, mistakes: Mistake[]): Source {
  const main = readText(text, options.file);
  const secrets = new Set<string>();
  const missing = new Map<Scalar, string>();
  const target = options.targetText && readText(options.targetText.text, options.targetText.file);
  for (const one of target === undefined ? [main] : [main, target]) {
    fillEnvironment(one, options.env, { secrets, missing });
  }
  const sets = options.sets.map((set) => parseSet(set, mistakes)).filter((set) => set !== undefined);
  const data = () => merge(plain(main), target && targetBlock(target), sets);
  const source: Source = {
    data: data(),
    secrets,
    locate: (path, at) => {
      const set = sets.find((one) => startsWith(path, one.path));
      if (set !== undefined) return `--set ${set.text}`;
      const { from, rest } = textOf(main, target, path);
      return locate(from, rest, at);
    },
    written: (path) => {
      if (sets.some((one) => startsWith(path, one.path))) return undefined;
      const { from, rest } = textOf(main, target, path);
      const node = nodeAt(from, rest);
      return isScalar(node) ? (from.written.get(node) ?? node.source) : undefined;
    },
    baseDir: (path) => dirname(resolve(textOf(main, target, path).from.file)),
    coerce: (path, type) => {
      const { from, rest } = textOf(main, target, path);
      const node = nodeAt(from, rest);
      if (!isScalar(node) || !from.written.has(node) || typeof node.value !== 'string') return false;
      const value: unknown = node.value.trim() === '' ? undefined : parse(node.value);
      if (typeof value !== type) return false;
      secrets.delete(node.value);
      node.value = value;
      source.data = data();
      return true;
    },
  };
  reportMissing([main, ...(target === undefined ? [] : [target])], missing, mistakes);
  return source;
}

function readText(text: string, file: string): Text {
  const lines = new Lines();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  if (document.errors.length > 0) {
    const parts = document.errors.map((error): ErrorParts => {
      const { line, col } = lines.linePos(error.pos[0]);
      const near = text.slice(error.pos[0] - 1, error.pos[0] + 40);
      return {
        code: 'SQ-SCENARIO-UNREADABLE',
        what: `the file is not YAML: ${error.message}`,
        where: `${file}:${line}:${col}`,
        next: /\$\{/.test(near)
          ? 'put ${NAME} in quotes inside { } and [ ]'
          : 'correct the YAML at this place',
      };
    });
    const [first, ...others] = parts;
    if (first !== undefined) throw new SquallError(first, { others });
  }
  return { file, document, lines, written: new Map() };
}

function plain(text: Text): unknown {
  return text.document.toJS({ maxAliasCount: 100 });
}

/** A target file holds the block itself, or a mapping with the one key `target`. */
function targetBlock(text: Text): { value: unknown } {
  const value = plain(text);
  const inner = isWrapped(text) ? (value as { target: unknown }).target : value;
  return { value: inner };
}

function isWrapped(text: Text): boolean {
  return isMap(text.document.contents) && text.document.contents.has('target');
}

function textOf(main: Text, target: Text | undefined, path: Path): { from: Text; rest: Path } {
  if (target === undefined || path[0] !== 'target') return { from: main, rest: path };
  return { from: target, rest: isWrapped(target) ? path : path.slice(1) };
}

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Fills ${NAME} and ${NAME:-default} into string values; $${ stays ${ . Keys are left alone. */
function fillEnvironment(
  text: Text,
  env: Record<string, string | undefined>,
  found: { secrets: Set<string>; missing: Map<Scalar, string> },
): void {
  visit(text.document, {
    Scalar: (key, node) => {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const original = node.value;
      text.written.set(node, original);
      node.value = original
        .split('$${')
        .map((piece) =>
          piece.replace(reference, (_, name: string, fallback: string | undefined) => {
            const value = env[name];
            if (value !== undefined && value !== '') {
              found.secrets.add(value);
              return value;
            }
            if (fallback === undefined && value === undefined) found.missing.set(node, name);
            return fallback ?? '';
          }),
        )
        .join('${');
    },
  });
}

function reportMissing(
  texts: readonly Text[],
  missing: ReadonlyMap<Scalar, string>,
  mistakes: Mistake[],
): void {
  for (const text of texts) {
    visit(text.document, {
      Scalar: (_key, node, ancestors) => {
        const name = missing.get(node);
        if (name === undefined) return;
        mistakes.push({
          code: 'SQ-ENV-MISSING',
          path: [...(text === texts[0] ? [] : ['target']), ...pathOf([...ancestors, node])],
          what: `the environment has no ${name}`,
          found: text.written.get(node) ?? '',
          expected: `${name} in the environment, or a default as in \${${name}:-value}`,
          next: `export ${name}=...`,
        });
      },
    });
  }
}

/** The keys that lead to the last of `nodes` (document, then nodes and pairs in order). */
function pathOf(nodes: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(next));
    else if (isMap(node) && typeof next === 'object' && next !== null && 'key' in next)
      path.push(keyText(next.key));
  }
  return path;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function nodeAt(text: Text, path: Path): Node | undefined {
  let node = text.document.contents as Node | null | undefined;
  for (const key of path) {
    node = resolveAlias(text, node);
    if (isSeq(node)) node = node.items[Number(key)] as Node | undefined;
    else if (isMap(node))
      node = node.items.find((pair) => keyText(pair.key) === String(key))?.value as Node | undefined;
    else return undefined;
  }
  return resolveAlias(text, node) ?? undefined;
}

function resolveAlias(text: Text, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? (node.resolve(text.document) ?? undefined) : node;
}

/** The place of the key or value; of the nearest thing above where there is none. */
function locate(text: Text, path: Path, at: 'key' | 'value'): string {
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(text, path.slice(0, length), length < path.length ? 'key' : at);
    if (offset === undefined) continue;
    const { line, col } = text.lines.linePos(offset);
    return `${text.file}:${line}:${col}`;
  }
  return `${text.file}:1:1`;
}

function offsetOf(text: Text, path: Path, at: 'key' | 'value'): number | undefined {
  const key = path.at(-1);
  const parent = nodeAt(text, path.slice(0, -1));
  if (at === 'key' && key !== undefined && isMap(parent)) {
    const pair = parent.items.find((one) => keyText(one.key) === String(key));
    return (pair?.key as Node | undefined)?.range?.[0];
  }
  return nodeAt(text, path)?.range?.[0];
}

interface SetOption {
  text: string;
  path: (string | number)[];
  value: unknown;
}

/** --set load.spans.rate=5000: the path in dots, list places as numbers, the value as YAML. */
function parseSet(text: string, mistakes: Mistake[]): SetOption | undefined {
  const equals = text.indexOf('=');
  const words = text.slice(0, Math.max(0, equals)).split('.');
  const path = words.flatMap((word) => word.split(/\[(\d+)\]/).filter((part) => part !== ''));
  try {
    if (equals > 0 && path.length > 0 && !path.some((part) => part === '__proto__')) {
      const value: unknown = parse(text.slice(equals + 1));
      return { text, path: path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)), value };
    }
  } catch {
    // not YAML: the mistake below says what is expected
  }
  mistakes.push({
    code: 'SQ-USAGE',
    path: [],
    what: '--set is not path=value',
    expected: 'a path in dots and a YAML value, such as load.spans.rate=5000',
    found: text,
    next: 'correct the --set flag',
  });
  return undefined;
}

function startsWith(path: Path, start: Path): boolean {
  return start.every((part, index) => String(path[index]) === String(part));
}

function merge(main: unknown, target: { value: unknown } | undefined, sets: readonly SetOption[]): unknown {
  if (typeof main !== 'object' || main === null || Array.isArray(main)) return main;
  const all: Record<string, unknown> = target === undefined ? { ...main } : { ...main, target: target.value };
  for (const set of sets) applySet(all, set.path, set.value);
  return all;
}

function applySet(root: Record<string, unknown>, path: readonly (string | number)[], value: unknown): void {
  let at: Record<string | number, unknown> = root;
  for (const [index, key] of path.entries()) {
    if (index === path.length - 1) {
      at[key] = value;
      return;
    }
    const inner = at[key];
    if (typeof inner !== 'object' || inner === null) at[key] = {};
    at = at[key] as Record<string | number, unknown>;
  }
}

/** The text of a file that holds a secret, without the line end; undefined when it cannot be read. */
export function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
