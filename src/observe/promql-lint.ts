import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { isOneSeries } from './promql-shape.ts';
import { windowName } from './promql-text.ts';
import { aggregateName, functionName, has, type QueryProblem, syntaxErrors } from './promql-tree.ts';

/** `problems` give wrong verdicts and are refused; `warnings` are shown. */
export interface Lint {
  problems: QueryProblem[];
  warnings: QueryProblem[];
}

/** As long as `$window`, so that offsets stay true. */
const windowStandIn = '100000s';
const counterFunctions = new Set(['rate', 'irate', 'increase', 'resets']);
const lastTwoSamples = new Set(['irate', 'idelta']);

/** What is wrong with a query over a test window, found by its parse tree alone. `$window` may stand in it. */
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
      seenInAnswer: true,
    });
  return { problems, warnings };
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
            next: 'squall explain measure',
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
            next: 'squall explain measure',
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
            next: 'squall explain measure',
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
            next: 'squall explain measure',
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
            next: 'squall explain measure',
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
            next: 'squall explain measure',
          }
        : undefined,
  },
];

/** vector(x), or a number where a vector is missing. */
function isFiller(node: SyntaxNode, text: string): boolean {
  return functionName(node, text) === 'vector';
}
