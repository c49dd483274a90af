import { formatNumber } from './format.ts';
import { drawSvg, ink, lineLegend, marked, type SvgNames } from './svg.ts';
import type { Distribution, HeatMap, Quantile } from './types.ts';

interface Size {
  widthPx: number;
  plotHeightPx: number;
}

const left = 58;
const right = 14;

const lines = [
  { key: 'ack', name: 'due to answer', dash: 'solid' },
  { key: 'send', name: 'first send to answer', dash: 'dashed' },
  { key: 'delivery', name: 'due to sink', dash: 'dotted' },
] as const;

/** How long the slowest take: each tick to the right leaves a tenth of the observations above. */
export function renderPercentiles(of: Distribution, size: Size, names: SvgNames): string {
  const values = lines
    .flatMap(({ key }) => of[key].map(([, ms]) => ms))
    .filter((ms) => typeof ms === 'number');
  const least = values.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const min = 10 ** Math.floor(Math.log10(Number.isFinite(least) ? Math.max(least, 1e-3) : 1));
  const max = Math.max(min * 10, 10 ** Math.ceil(Math.log10(Math.max(most, 1e-3))));
  const decades = Math.max(1, ...lines.map(({ key }) => Math.ceil(-Math.log10(lastRest(of[key])))));
  const isNarrow = size.widthPx < 400;
  const top = isNarrow ? 44 : 28;
  const isCrowded = isNarrow && decades > 4;
  const option = {
    legend: {
      data: lines.map(({ name }) => name),
      left: 0,
      top: 1,
      width: size.widthPx,
      ...lineLegend,
    },
    grid: { left, right, top, height: size.plotHeightPx },
    xAxis: {
      type: 'value',
      min: 0,
      max: decades,
      interval: 1,
      axisLine: { lineStyle: { color: 'var(--rule)' } },
      splitLine: { show: true, lineStyle: { color: 'var(--rule)' } },
      axisLabel: {
        color: ink,
        fontSize: 11,
        formatter: (nines: number) => (isCrowded && nines % 2 === 1 ? '' : shareText(nines)),
      },
    },
    yAxis: {
      type: 'log',
      min,
      max,
      axisLabel: { color: ink, fontSize: 11, formatter: durationText },
      splitLine: { lineStyle: { color: 'var(--rule)', width: 1 } },
    },
    series: lines.map(({ key, name, dash }, k) => ({
      type: 'line',
      name,
      silent: true,
      showSymbol: false,
      data: of[key].map((point) => placeOf(point, lastRest(of[key]), { min, max })),
      color: marked(`--line-${k + 1}`, `s${k}`),
      lineStyle: { width: 1.8, type: dash, color: marked(`--line-${k + 1}`, `s${k}`) },
    })),
  };
  const heightPx = top + size.plotHeightPx + 26;
  return drawSvg(option, { widthPx: size.widthPx, heightPx }, names);
}

/** 0, 90, 99, 99.9, 99.99 ... %, by the number of nines. */
function shareText(nines: number): string {
  if (nines <= 2) return ['0 %', '90 %', '99 %'][nines] ?? '';
  return `99.${'9'.repeat(nines - 2)} %`;
}

function durationText(ms: number): string {
  return ms >= 1000 ? `${formatNumber(ms / 1000, 2)} s` : `${formatNumber(ms, 2)} ms`;
}

/** Share that lies above the last percentile before the maximum. */
function lastRest(points: readonly Quantile[]): number {
  return 1 - (points.at(-2)?.[0] ?? 0) || 1;
}

/** The maximum stands at the end of what the data can tell; a gap where requests were never answered. */
function placeOf(
  [share, ms]: Quantile,
  rest: number,
  range: { min: number; max: number },
): (number | null)[] {
  const x = -Math.log10(share >= 1 ? rest : 1 - share);
  return [x, ms === 'Infinity' ? null : Math.min(range.max, Math.max(range.min, ms))];
}

/** Row names of a heat map from the bottom up; the last is of the requests that were never answered. */
export function heatRows(heat: HeatMap): string[] {
  const rows = heat.fromMs.map(durationText);
  return heat.unanswered.length === 0 ? rows : [...rows, 'never'];
}

export function heatColumns(heat: HeatMap): number {
  const last = [...heat.cells, ...heat.unanswered].reduce((most, [column]) => Math.max(most, column), 0);
  return last + 1;
}

/** Requests by when they were due and how long they took; darker is more. */
export function renderHeat(heat: HeatMap, size: Size, names: SvgNames): string {
  const rows = heatRows(heat);
  const columns = heatColumns(heat);
  const data = [
    ...heat.cells,
    ...heat.unanswered.map(([column, count]) => [column, rows.length - 1, count] as const),
  ];
  const every = Math.max(1, Math.ceil(columns / (size.widthPx < 400 ? 4 : 8)));
  const option = {
    visualMap: {
      type: 'piecewise',
      dimension: 2,
      pieces: heatPieces(data.reduce((most, [, , count]) => Math.max(most, count), 1)),
      orient: 'horizontal',
      left: 0,
      top: 0,
      padding: 0,
      itemGap: 18,
      itemWidth: 14,
      itemHeight: 12,
      itemSymbol: 'rect',
      textGap: 4,
      textStyle: { fontSize: 11, color: ink },
      hoverLink: false,
    },
    grid: { left, right, top: 28, height: size.plotHeightPx },
    xAxis: {
      type: 'category',
      data: Array.from({ length: columns }, (_, c) => `${formatNumber(c * heat.stepS, 6)} s`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: 'var(--rule)' } },
      axisLabel: { color: ink, fontSize: 11, interval: (c: number) => c % every === 0, align: 'left' },
    },
    yAxis: {
      type: 'category',
      data: rows,
      axisTick: { show: false },
      axisLine: { show: false },
      splitLine: { show: false },
      axisLabel: { color: ink, fontSize: 11 },
    },
    series: [{ type: 'heatmap', silent: true, data, itemStyle: { borderWidth: 0 } }],
  };
  return drawSvg(option, { widthPx: size.widthPx, heightPx: 28 + size.plotHeightPx + 26 }, names);
}

/** Five steps of equal ratio from 1 to the greatest cell. */
function heatPieces(most: number): object[] {
  const bounds = [...new Set([1, 2, 3, 4, 5].map((k) => Math.ceil(most ** (k / 5))))];
  return bounds.map((upTo, k) => {
    const from = (bounds[k - 1] ?? 0) + 1;
    const label = from === upTo ? formatNumber(upTo) : `${formatNumber(from)} to ${formatNumber(upTo)}`;
    return { gte: from, lte: upTo, label, color: `var(--heat-${k + 1})` };
  });
}

/** The plot's place, so that the script's cursor stands at the same time as in the timeline. */
export function heatGeometry(heat: HeatMap, size: Size): object {
  return {
    left,
    right: size.widthPx - right,
    endS: heatColumns(heat) * heat.stepS,
    panels: [{ y: 28, height: size.plotHeightPx, unit: '', series: [] }],
  };
}
