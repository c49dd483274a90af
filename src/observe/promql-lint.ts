import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { SquallError } from '../base/errors.ts';

/** One thing that makes a query give a wrong number over a test window; `from`, `to` are offsets into the query. */
export interface QueryProblem {
  what: string;
  expected: string;
  found: string;
  next: string;
  from: number;
  to: number;
}

/** `problems` give wrong verdicts and are refused; `warnings` are shown. */
export interface Lint {
  problems: QueryProblem[];
  warnings: QueryProblem[];
}

/** As long as `$window`, so that offsets stay true. */
const windowStandIn = '100000s';
const windowName = /\$window\b/g;

const counterFunctions = new Set([
  'rate',
  'irate',
  'increase',
  'delta',
  'idelta',
  'deriv',
  'resets',
  'changes',
]);
const lastTwoSamples = new Set(['irate', 'idelta']);
const manyResults = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio', 'count_values']);
const oneResult = new Set(['scalar', 'vector', 'time', 'absent', 'absent_over_time', 'pi']);

export function lintQuery(query: string): Lint {
  const text = query.replace(windowName, windowStandIn);
  const tree = parser.parse(text);
  const broken = syntaxErrors(tree, query);
  if (broken.length > 0) return { problems: broken, warnings: [] };
  const problems: QueryProblem[] = [];
  const warnings: QueryProblem[] = [];
  const report = (
    list: QueryProblem[],
    node: SyntaxNode,
    words: Omit<QueryProblem, 'found' | 'from' | 'to'>,
  ) => list.push({ ...words, found: query.slice(node.from, node.to), from: node.from, to: node.to });
  tree.iterate({
    enter: ({ node }) => {
      for (const rule of rules) {
        const words = rule.check(node, text);
        if (words !== undefined) report(rule.refuse ? problems : warnings, node, words);
      }
    },
  });
  const top = tree.topNode.firstChild;
  if (top !== null && !isOneSeries(top, text))
    report(problems, top, {
      what: 'the query can give several series, and only one value is judged',
      expected: 'one series: max(...), min(...), sum(...) or another aggregation without by',
      next: `max(${query})`,
    });
  return { problems, warnings };
}

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

interface Rule {
  refuse: boolean;
  check(node: SyntaxNode, text: string): Omit<QueryProblem, 'found' | 'from' | 'to'> | undefined;
}

const rules: Rule[] = [
  {
    refuse: true,
    check: (node, text) =>
      counterFunctions.has(functionName(node, text)) && has(node, (inner) => inner.name === 'AggregateExpr')
        ? {
            what: 'a counter function over an aggregate hides the resets of single series',
            expected: 'the aggregation outside: sum(rate(x[$window]))',
            next: 'squall explain measure promql',
          }
        : undefined,
  },
  {
    refuse: true,
    check: (node, text) =>
      lastTwoSamples.has(functionName(node, text))
        ? {
            what: `${functionName(node, text)} reads only the last two samples of its range`,
            expected: 'rate(x[$window])',
            next: 'squall explain measure promql',
          }
        : undefined,
  },
  {
    refuse: true,
    check: (node, text) =>
      ['avg', 'sum'].includes(aggregateName(node, text)) &&
      has(node, (inner) => functionName(inner, text) === 'histogram_quantile')
        ? {
            what: 'an average or sum of quantiles is no quantile',
            expected: 'histogram_quantile(q, sum by (le) (rate(x_bucket[$window])))',
            next: 'squall explain measure promql',
          }
        : undefined,
  },
  {
    refuse: true,
    check: (node, text) =>
      node.name === 'BinaryExpr' &&
      node.getChild('Or') !== null &&
      has(node, (inner) => isFiller(inner, text))
        ? {
            what: '"or vector(x)" turns missing data into a value that passes',
            expected: 'the query without it: no data is unknown',
            next: 'squall explain measure promql',
          }
        : undefined,
  },
  {
    refuse: true,
    check: (node) =>
      node.name === 'OffsetExpr' || (node.name === 'StepInvariantExpr' && node.getChild('At') !== null)
        ? {
            what: 'offset and @ look at another time than the window',
            expected: 'the plain selector; squall pins the time of the query',
            next: 'squall explain measure promql',
          }
        : undefined,
  },
  {
    refuse: false,
    check: (node, text) =>
      functionName(node, text) === 'increase'
        ? {
            what: 'increase() extrapolates to the edges of its range, so it is no count',
            expected: 'an items_* measure for a count, rate() for a rate',
            next: 'squall explain measure items_lost',
          }
        : undefined,
  },
  {
    refuse: false,
    check: (node, text) =>
      node.name === 'Identifier' && text.slice(node.from, node.to).includes(':')
        ? {
            what: 'a recording rule lags by its evaluation interval',
            expected: 'the raw series that the rule is made of',
            next: 'squall explain measure promql',
          }
        : undefined,
  },
];

function syntaxErrors(tree: Tree, query: string): QueryProblem[] {
  const found: QueryProblem[] = [];
  tree.iterate({
    enter: ({ node }) => {
      if (!node.type.isError || found.length > 0) return;
      const at = query.slice(node.from, Math.max(node.to, node.from + 20));
      found.push({
        what: 'the query is not PromQL',
        expected: 'a PromQL expression',
        found: at === '' ? 'the end of the query' : at,
        next: 'squall explain measure promql',
        from: node.from,
        to: node.to,
      });
    },
  });
  if (query.trim() === '' && found.length === 0)
    found.push({
      what: 'the query is empty',
      expected: 'a PromQL expression',
      found: 'nothing',
      next: 'squall explain measure promql',
      from: 0,
      to: 0,
    });
  return found;
}

/** Whether the expression gives one series at most, whatever the data. */
function isOneSeries(node: SyntaxNode, text: string): boolean {
  const parts = children(node);
  switch (node.name) {
    case 'NumberDurationLiteral':
    case 'StringLiteral':
      return true;
    case 'AggregateExpr': {
      if (manyResults.has(aggregateName(node, text))) return false;
      const labels = node.getChild('AggregateModifier');
      return labels === null || (labels.getChild('By') !== null && has(labels, isLabel) === false);
    }
    case 'FunctionCall': {
      const name = functionName(node, text);
      if (oneResult.has(name)) return true;
      const inputs = children(node.getChild('FunctionCallBody') ?? node);
      if (name === 'histogram_quantile' || name === 'histogram_fraction')
        return inputs.some((input) => isOneHistogram(input, text));
      return inputs.length > 0 && inputs.every((input) => isOneSeries(input, text));
    }
    case 'BinaryExpr': {
      const sides = parts.filter(isExpression);
      const both =
        node.getChild('Or') !== null || has(node, (inner) => /^Group(Left|Right)$/.test(inner.name));
      const vectors = sides.filter((side) => side.name !== 'NumberDurationLiteral');
      if (node.getChild('And') !== null || node.getChild('Unless') !== null)
        return vectors[0] !== undefined && isOneSeries(vectors[0], text);
      return both
        ? vectors.every((side) => isOneSeries(side, text))
        : vectors.length === 0 || vectors.some((side) => isOneSeries(side, text));
    }
    case 'ParenExpr':
    case 'UnaryExpr':
    case 'SubqueryExpr':
    case 'OffsetExpr':
    case 'StepInvariantExpr':
      return parts.filter(isExpression).some((inner) => isOneSeries(inner, text));
    default:
      return false;
  }
}

/** Classic buckets summed by le alone, or a native histogram summed. */
function isOneHistogram(node: SyntaxNode, text: string): boolean {
  if (node.name === 'ParenExpr') return children(node).some((inner) => isOneHistogram(inner, text));
  if (node.name !== 'AggregateExpr') return false;
  const labels = node.getChild('AggregateModifier');
  if (labels === null) return true;
  return (
    labels.getChild('By') !== null && /^by\s*\(\s*le\s*,?\s*\)$/i.test(text.slice(labels.from, labels.to))
  );
}

function functionName(node: SyntaxNode, text: string): string {
  const name = node.name === 'FunctionCall' ? node.getChild('FunctionIdentifier') : null;
  return name === null ? '' : text.slice(name.from, name.to).toLowerCase();
}

function aggregateName(node: SyntaxNode, text: string): string {
  const name = node.name === 'AggregateExpr' ? node.getChild('AggregateOp') : null;
  return name === null ? '' : text.slice(name.from, name.to).toLowerCase();
}

/** vector(x), or a number where a vector is missing. */
function isFiller(node: SyntaxNode, text: string): boolean {
  return functionName(node, text) === 'vector';
}

function isLabel(node: SyntaxNode): boolean {
  return node.name === 'LabelName' || node.name === 'QuotedLabelName';
}

function isExpression(node: SyntaxNode): boolean {
  return /(Expr|Selector|FunctionCall|NumberDurationLiteral|StringLiteral)$/.test(node.name);
}

function has(node: SyntaxNode, wanted: (inner: SyntaxNode) => boolean): boolean {
  return children(node).some((inner) => wanted(inner) || has(inner, wanted));
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
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
