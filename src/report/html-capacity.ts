import {
  capacityFacts,
  goalNames,
  goalRows,
  sizingNames,
  sizingRows,
  trialNames,
  trialRows,
} from './capacity.ts';
import { loadCharts, searchChart } from './capacity-chart.ts';
import { studyTables } from './capacity-study.ts';
import { formatCount, isShort } from './format.ts';
import type { Report } from './types.ts';

/** As many as the first screen has room for. */
const cardMax = 7;
const goalsMax = 5;

/** The capacity section of report.html; of an ordinary run nothing. */
export function capacityView(report: Report): Record<string, unknown> {
  const { capacity } = report;
  if (capacity === undefined) return { present: false };
  const tables = [
    { id: 'capacity-goals', title: 'Capacity by goal', names: goalNames, rows: goalRows(report) },
    ...studyTables(report),
    {
      id: 'capacity-sizing',
      title: 'Replicas by peak (computed)',
      names: sizingNames,
      rows: sizingRows(report),
    },
    { id: 'capacity-list', title: 'Trials', names: trialNames, rows: trialRows(report) },
  ];
  return {
    present: true,
    facts: capacityFacts(report),
    search: searchChart(capacity),
    charts: loadCharts(capacity),
    card: capacityFacts(report)
      .filter(({ isOffCard }) => isOffCard !== true)
      .slice(0, cardMax),
    sizing: (capacity.byPeak ?? []).map(({ peakPerS, replicas }) => ({
      peak: shortRate(peakPerS),
      replicas: formatCount(replicas),
    })),
    goals: goalRows(report)
      .slice(0, goalsMax)
      .map(([name = '', , holds = '', breaks = '']) => ({ name, holds, breaks })),
    manifests: capacity.autoscaling?.manifests ?? '',
    tables: tables
      .filter(({ rows }) => rows.length > 0)
      .map(({ rows, ...table }) => ({
        ...table,
        rows: rows.map((row) => row.map((value) => ({ value, isShort: isShort(value) }))),
      })),
  };
}

/** 30000 -> 30 k */
function shortRate(perS: number): string {
  return perS < 1e6 ? `${perS / 1e3} k` : `${perS / 1e6} M`;
}
