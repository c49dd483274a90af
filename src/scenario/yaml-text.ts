import type { Document, LineCounter, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter as Lines, parseDocument, type Scalar } from 'yaml';
import type { ErrorParts } from '../base/errors.ts';
import { SquallError } from '../base/errors.ts';
import type { Path } from './mistakes.ts';

/** A YAML text with its nodes, so that every value can be found back in it. */
export interface YamlText {
  file: string;
  document: Document.Parsed;
  lines: LineCounter;
  /** Scalars that held ${NAME}, with the text as written. */
  written: Map<Scalar, string>;
}

/** Throws one SquallError with every place that is not YAML. */
export function readYaml(text: string, file: string): YamlText {
  const lines = new Lines();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true });
  const parts = document.errors.map((error): ErrorParts => {
    const { line, col } = lines.linePos(error.pos[0]);
    const near = text.slice(Math.max(0, text.lastIndexOf('\n', error.pos[0])), error.pos[1] + 40);
    return {
      code: 'SQ-SCENARIO-UNREADABLE',
      what: `the file is not YAML: ${error.message}`,
      where: `${file}:${line}:${col}`,
      next: /[^"']\$\{/.test(near)
        ? 'put "${NAME}" in quotes inside { } and [ ]'
        : 'correct the YAML at this place',
    };
  });
  const [first, ...others] = parts;
  if (first !== undefined) throw new SquallError(first, { others });
  return { file, document, lines, written: new Map() };
}

/** As plain data. Throws SquallError where aliases would grow without bound. */
export function toPlain(text: YamlText): unknown {
  try {
    return text.document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new SquallError(
      {
        code: 'SQ-SCENARIO-UNREADABLE',
        what: 'the aliases of the file cannot be resolved',
        where: text.file,
        expected: 'at most 100 uses of aliases',
        found,
        next: 'write the values out',
      },
      { cause },
    );
  }
}

export function nodeAt(text: YamlText, path: Path): Node | undefined {
  let node = text.document.contents as Node | null | undefined;
  for (const key of path) {
    node = resolveAlias(text, node);
    if (isSeq(node)) node = node.items[Number(key)] as Node | undefined;
    else if (isMap(node)) node = pairOf(node, key)?.value as Node | undefined;
    else return undefined;
  }
  return resolveAlias(text, node) ?? undefined;
}

/** file:line:column of the key or value; of the nearest thing above where there is none. */
export function locateIn(text: YamlText, path: Path, at: 'key' | 'value'): string {
  for (let length = path.length; length >= 0; length--) {
    const offset = offsetOf(text, path.slice(0, length), length < path.length ? 'key' : at);
    if (offset === undefined) continue;
    const { line, col } = text.lines.linePos(offset);
    return `${text.file}:${line}:${col}`;
  }
  return `${text.file}:1:1`;
}

/** The keys that lead to the last of `nodes`, which visit() gives as document, nodes and pairs in order. */
export function pathOf(nodes: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  for (const [index, node] of nodes.entries()) {
    const next = nodes[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(next));
    else if (isMap(node) && typeof next === 'object' && next !== null && 'key' in next)
      path.push(keyText(next.key));
  }
  return path;
}

function offsetOf(text: YamlText, path: Path, at: 'key' | 'value'): number | undefined {
  const key = path.at(-1);
  const parent = nodeAt(text, path.slice(0, -1));
  if (at === 'key' && key !== undefined && isMap(parent)) {
    return (pairOf(parent, key)?.key as Node | undefined)?.range?.[0];
  }
  return nodeAt(text, path)?.range?.[0];
}

function pairOf(map: { items: { key: unknown; value: unknown }[] }, key: string | number) {
  return map.items.find((pair) => keyText(pair.key) === String(key));
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function resolveAlias(text: YamlText, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? (node.resolve(text.document) ?? undefined) : node;
}
