import { comparedFacts, comparedNames, comparedRows, verdictOfMeasure, worstFirst } from './comparison.ts';
import { comparisonChart } from './comparison-chart.ts';
import type { Report } from './types.ts';

/** Rows that the first screen has room for. */
const firstMax = 9;

/** The comparison section of report.html, and its part of the first screen; of an ordinary run nothing. */
export function comparisonView({ comparison }: Report): Record<string, unknown> {
  if (comparison === undefined) return { present: false };
  const rows = comparedRows(comparison).map((cells, i) => {
    const measure = worstFirst(comparison.measures)[i];
    return { css: measure === undefined ? '' : verdictOfMeasure(measure), cells };
  });
  return {
    present: true,
    facts: comparedFacts(comparison),
    names: comparedNames,
    rows,
    first: rows.slice(0, firstMax).map(({ css, cells }) => {
      const [verdict = '', name = '', baseline = '', candidate = '', change = '', interval = ''] = cells;
      return { css, verdict, name, baseline, candidate, change, interval };
    }),
    more: Math.max(0, rows.length - firstMax),
    chart: comparisonChart(comparison),
  };
}
