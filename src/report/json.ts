import { reportShape, type Shape } from './json-shape.ts';
import type { Report } from './types.ts';

/**
 * report.json: keys in the order of the type, unknown ones after them as they come, Infinity as
 * "Infinity", NaN as null, undefined left out. The same report gives the same bytes, and so does what
 * is read back from them.
 */
export function stableJson(report: Report): string {
  return `${write(report, reportShape, '')}\n`;
}

/** Any value in the same layout, for people to read. */
export function jsonText(value: unknown): string {
  return write(value, undefined, '');
}

/** The report as every renderer sees it: exactly what report.json says. */
export function normalizeReport(report: Report): Report {
  return JSON.parse(stableJson(report)) as Report;
}

/** Short values and arrays of numbers stand on one line, everything else one entry per line. */
const lineMax = 100;

function write(value: unknown, shape: Shape | undefined, indent: string): string {
  const flat = flatText(value, shape);
  if (flat.length <= lineMax - indent.length || isPlainArray(value)) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const parts = value.map((element: unknown) => inner + write(element, shape?.each, inner));
    return `[\n${parts.join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const parts = entriesOf(value, shape).map(
      ([key, child, childShape]) => `${inner}${JSON.stringify(key)}: ${write(child, childShape, inner)}`,
    );
    return `{\n${parts.join(',\n')}\n${indent}}`;
  }
  return flat;
}

function flatText(value: unknown, shape: Shape | undefined): string {
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) {
    return `[${value.map((element: unknown) => flatText(element, shape?.each)).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const parts = entriesOf(value, shape).map(
      ([key, child, childShape]) => `${JSON.stringify(key)}: ${flatText(child, childShape)}`,
    );
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  }
  return JSON.stringify(value) ?? 'null';
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '"Infinity"';
  if (value === Number.NEGATIVE_INFINITY) return '"-Infinity"';
  return Number.isNaN(value) ? 'null' : JSON.stringify(value);
}

function entriesOf(value: object, shape: Shape | undefined): [string, unknown, Shape | undefined][] {
  const known = shape?.keys ?? {};
  const entries = new Map(Object.entries(value).filter(([, child]) => child !== undefined));
  const ordered = [
    ...Object.keys(known).filter((key) => entries.has(key)),
    ...[...entries.keys()].filter((key) => !Object.hasOwn(known, key)),
  ];
  return ordered.map((key) => [key, entries.get(key), Object.hasOwn(known, key) ? known[key] : shape?.each]);
}

function isPlainArray(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const isLeaf = (element: unknown) => typeof element === 'number' || element === null;
  return value.every(
    (element: unknown) => isLeaf(element) || (Array.isArray(element) && element.every(isLeaf)),
  );
}
