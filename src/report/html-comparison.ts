import {
  comparedFacts,
  comparedNames,
  comparedRows,
  verdictOfMeasure,
  worstMeasuresFirst,
} from './comparison.ts';
import { comparisonChart } from './comparison-chart.ts';
import type { Report } from './types.ts';

/** Rows that the first screen has room for. */
const firstMax = 9;

/** The comparison section of report.html, and its part of the first screen; of an ordinary run nothing. */
export function comparisonView({ comparison }: Report): Record<string, unknown> {
  if (comparison === undefined) return { present: false };
  const sorted = worstMeasuresFirst(comparison.measures);
  const rows = comparedRows(comparison).map(([verdict = '', measure = '', ...values], i) => {
    const css = sorted[i] === undefined ? '' : verdictOfMeasure(sorted[i]);
    return { css, verdict, measure, values };
  });
  return {
    present: true,
    facts: comparedFacts(comparison),
    names: comparedNames,
    rows: rows.map(({ values, ...row }) => ({
      ...row,
      cells: values.map((value, k) => ({ name: comparedNames[k + 2], value })),
    })),
    first: rows.slice(0, firstMax).map(({ values, ...row }) => {
      const [baseline = '', candidate = '', change = '', interval = ''] = values;
      return { ...row, baseline, candidate, change, interval };
    }),
    more: Math.max(0, rows.length - firstMax),
    chart: comparisonChart(comparison),
  };
}
