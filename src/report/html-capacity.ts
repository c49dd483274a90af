import {
  capacityFacts,
  goalNames,
  goalRows,
  sizingNames,
  sizingRows,
  trialNames,
  trialRows,
} from './capacity.ts';
import { capacityCharts } from './capacity-chart.ts';
import { studyTables } from './capacity-study.ts';
import type { Report } from './types.ts';

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
    charts: capacityCharts(capacity),
    manifests: capacity.autoscaling?.manifests ?? '',
    tables: tables.filter(({ rows }) => rows.length > 0),
  };
}
