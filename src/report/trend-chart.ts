import { formatNumber } from './format.ts';
import type { IndexEntry } from './index-entry.ts';
import { drawSvg, ink, type SvgNames, verdictMarks } from './svg.ts';

interface Panel {
  title: string;
  read(entry: IndexEntry): number | 'Infinity' | null;
}

/** What the trend shows, each from 0 so that a small change looks small. */
export const trendPanels: Panel[] = [
  { title: 'P95 from due, ms', read: ({ p95Ms }) => p95Ms },
  { title: 'Acknowledged, items/s', read: ({ acknowledgedPerS }) => acknowledgedPerS },
  { title: 'Lost, items', read: ({ lost }) => lost },
];

/** One point per run, oldest first, under one another on one axis of runs. */
export function renderTrend(
  entries: readonly IndexEntry[],
  size: { widthPx: number; panelHeightPx: number },
  names: SvgNames,
): string {
  const head = 24;
  const tops = trendPanels.map((_, i) => head + i * (size.panelHeightPx + head + 14));
  const labels = entries.map(({ startedAt }) => startedAt.slice(5, 16).replace('T', ' '));
  const every = Math.max(1, Math.ceil(entries.length / (size.widthPx < 500 ? 3 : 8)));
  // Touching ones would hide the line.
  const symbolPx = Math.max(4, Math.min(9, (0.7 * size.widthPx) / entries.length));
  const option = {
    title: trendPanels.map(({ title }, i) => ({
      text: title,
      left: 0,
      top: (tops[i] ?? 0) - 23,
      padding: 0,
      textStyle: { fontSize: 12, fontWeight: 'bold', color: 'var(--ink)' },
    })),
    grid: tops.map((top) => ({ left: 62, right: 20, top, height: size.panelHeightPx })),
    xAxis: tops.map((_, i) => ({
      gridIndex: i,
      type: 'category',
      data: labels,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: 'var(--rule)' } },
      axisLabel: {
        show: i === tops.length - 1,
        color: ink,
        fontSize: 11,
        interval: (at: number) => at % every === 0,
      },
    })),
    yAxis: tops.map((_, i) => ({
      gridIndex: i,
      type: 'value',
      min: 0,
      splitNumber: 3,
      minInterval: i === 2 ? 1 : 0,
      axisLabel: {
        color: ink,
        fontSize: 11,
        formatter: (value: number) => formatNumber(value, 3),
      },
      splitLine: { lineStyle: { color: 'var(--rule)' } },
    })),
    series: trendPanels.map(({ read }, i) => ({
      type: 'line',
      xAxisIndex: i,
      yAxisIndex: i,
      silent: true,
      showAllSymbol: true,
      lineStyle: { width: 1.4, color: 'var(--line-6)' },
      data: entries.map((entry) => pointOf(entry, read(entry), symbolPx)),
    })),
  };
  const heightPx = (tops.at(-1) ?? 0) + size.panelHeightPx + 26;
  return drawSvg(option, { widthPx: size.widthPx, heightPx }, names);
}

function pointOf(entry: IndexEntry, value: number | 'Infinity' | null, symbolPx: number): object {
  const { symbol, color } = verdictMarks[entry.verdict];
  const shown = typeof value === 'number' && Number.isFinite(value) ? value : null;
  return { value: shown, symbol, symbolSize: symbolPx, itemStyle: { color } };
}
