import { parser } from '@prometheus-io/lezer-promql';
import { SquallError } from '../base/errors.ts';
import { syntaxErrors } from './promql-tree.ts';

/** Stands for the window's length in a query. */
export const windowName = /\$window\b/g;

/** `$window` as the window's exact length; whether the query has one decides how it is asked. */
export function putWindow(query: string, lengthMs: number): string {
  return query.replace(windowName, `${Math.round(lengthMs)}ms`);
}

export function asksForWindow(query: string): boolean {
  return query.search(windowName) >= 0;
}

/** The longest range, subquery or offset in the query, ms: how far before its time an answer looks. */
export function lookbackMs(query: string): number {
  const tree = parser.parse(query);
  let longest = 0;
  tree.iterate({
    enter: ({ node }) => {
      if (node.name !== 'NumberDurationLiteralInDurationContext') return;
      const ms = durationMs(query.slice(node.from, node.to));
      if (ms !== undefined) longest = Math.max(longest, ms);
    },
  });
  return longest;
}

/** Names of the metrics that the query reads, as far as they stand in it. */
export function metricsOf(query: string): string[] {
  const found: string[] = [];
  parser.parse(query.replace(windowName, '100000s')).iterate({
    enter: ({ node }) => {
      const name = node.name === 'VectorSelector' ? node.getChild('Identifier') : null;
      if (name !== null) found.push(query.slice(name.from, name.to));
    },
  });
  return [...new Set(found)];
}

/** Puts the labels into every selector, by the parser: text inside strings and label names is left alone. */
export function withMatchers(query: string, match: Record<string, string>): string {
  const labels = Object.entries(match).map(([name, value]) => `${labelName(name)}=${JSON.stringify(value)}`);
  if (labels.length === 0) return query;
  const tree = parser.parse(query);
  const [broken] = syntaxErrors(tree, query);
  if (broken !== undefined)
    throw new SquallError({
      code: 'SQ-SCENARIO-INVALID',
      what: broken.what,
      where: query,
      expected: broken.expected,
      found: broken.found,
      next: broken.next,
    });
  const inserts: { at: number; text: string }[] = [];
  tree.iterate({
    enter: ({ node }) => {
      if (node.name !== 'VectorSelector') return;
      const braces = node.getChild('LabelMatchers');
      if (braces === null) inserts.push({ at: node.to, text: `{${labels.join(',')}}` });
      else
        inserts.push({
          at: braces.from + 1,
          text: labels.join(',') + (braces.firstChild === null ? '' : ','),
        });
    },
  });
  return inserts
    .sort((a, b) => b.at - a.at)
    .reduce((text, { at, text: put }) => text.slice(0, at) + put + text.slice(at), query);
}

function labelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}

const unitMs: Record<string, number> = {
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86400e3,
  w: 604800e3,
  y: 31536000e3,
};

function durationMs(text: string): number | undefined {
  if (/^[\d.]+$/.test(text)) return Number(text) * 1000;
  let sum = 0;
  for (const [, digits, unit = ''] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
    sum += Number(digits) * (unitMs[unit] ?? 0);
  return sum > 0 ? sum : undefined;
}
