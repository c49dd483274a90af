import type { DurationHistogram } from '../base/histogram.ts';
import type { Signal } from '../base/signal.ts';
import type { HeatMap, Quantile } from '../report/types.ts';
import type { Facts } from './facts.ts';
import { encodeNumber } from './judge-slo.ts';
import { answerNs } from './request-table.ts';

/** Points for each factor of ten by which what lies above shrinks. */
const perDecade = 8;

/**
 * The distribution at evenly spaced places of log(1 - share), from the least to the greatest observation. It ends
 * where fewer than one observation would lie above: a percentile beyond that is not in the data.
 */
export function quantiles(histogram: DurationHistogram): Quantile[] {
  const { count } = histogram;
  if (count === 0) return [];
  const points: Quantile[] = [];
  for (let k = 0; 10 ** (-k / perDecade) * count >= 1; k++) {
    const share = 1 - 10 ** (-k / perDecade);
    push(points, share, k === 0 ? histogram.min : histogram.percentile(share * 100));
  }
  push(points, 1, histogram.max);
  return points;
}

function push(points: Quantile[], share: number, ns: number | undefined): void {
  const ms = encodeNumber(ns === undefined ? null : ns / 1e6);
  if (ms !== null) points.push([Number(share.toPrecision(7)), ms]);
}

/** Columns that a page can show as more than a hairline. */
const columnsMax = 60;
const rowsPerDecade = 4;
/** 0.1 ms and 100 s: below and beyond, a row takes in all. */
const rowLeast = -1 * rowsPerDecade;
const rowGreatest = 5 * rowsPerDecade;

/** Requests of a signal, warmup included, by when they were due and by how long the answer took. */
export function heatMap(facts: Facts, signal: Signal, since: 'due' | 'send'): HeatMap {
  const { table, record } = facts;
  const wanted = record.plan.entries.map(({ spec }) => spec.signal === signal);
  const endS = lastDueNs(facts, wanted) / 1e9;
  const stepS = Math.max(1, Math.ceil(endS / columnsMax));
  const cells = new Map<number, Map<number, number>>();
  const unanswered = new Map<number, number>();
  for (let i = 0; i < table.count; i++) {
    const dueNs = table.dueNs[i] ?? Number.NaN;
    if (wanted[table.entry[i] ?? -1] !== true || Number.isNaN(dueNs)) continue;
    const column = Math.max(0, Math.ceil(dueNs / (stepS * 1e9)) - 1);
    const ns = answerNs(table, i, since);
    if (!Number.isFinite(ns)) {
      unanswered.set(column, (unanswered.get(column) ?? 0) + 1);
      continue;
    }
    const row = rowOf(ns / 1e6);
    const of = cells.get(column) ?? new Map<number, number>();
    cells.set(column, of.set(row, (of.get(row) ?? 0) + 1));
  }
  return { stepS, ...numberRows(cells), unanswered: [...unanswered].sort(([a], [b]) => a - b) };
}

function lastDueNs(facts: Facts, wanted: boolean[]): number {
  const { table } = facts;
  let last = 0;
  for (let i = 0; i < table.count; i++)
    if (wanted[table.entry[i] ?? -1] === true) last = Math.max(last, table.dueNs[i] || 0);
  return last;
}

function rowOf(ms: number): number {
  if (ms <= 0) return rowLeast;
  return Math.min(rowGreatest, Math.max(rowLeast, Math.floor(Math.log10(ms) * rowsPerDecade)));
}

/** Rows from the lowest to the highest that is used, so that there are no empty ones around. */
function numberRows(cells: Map<number, Map<number, number>>): Pick<HeatMap, 'fromMs' | 'cells'> {
  const used = [...cells.values()].flatMap((of) => [...of.keys()]);
  if (used.length === 0) return { fromMs: [], cells: [] };
  const low = used.reduce((a, b) => Math.min(a, b));
  const high = used.reduce((a, b) => Math.max(a, b));
  const fromMs = Array.from({ length: high - low + 1 }, (_, r) =>
    r === 0 && low === rowLeast ? 0 : Number((10 ** ((low + r) / rowsPerDecade)).toPrecision(3)),
  );
  const list = [...cells].flatMap(([column, of]) =>
    [...of].map(([row, count]): HeatMap['cells'][number] => [column, row - low, count]),
  );
  return { fromMs, cells: list.sort((a, b) => a[0] - b[0] || a[1] - b[1]) };
}
