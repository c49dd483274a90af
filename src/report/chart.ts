import { type Box, type ChartSize, layOut, marksOf, mebibyte, panelTitle } from './chart-layout.ts';
import { envelope } from './downsample.ts';
import { formatNumber } from './format.ts';
import type { Panel, Timeline } from './panels.ts';
import { drawSvg, ink, lineLegend, marked, type SvgNames } from './svg.ts';

/** Where the page's script finds what: all in the SVG's own units, times in seconds. */
export interface Geometry {
  left: number;
  right: number;
  endS: number;
  panels: { y: number; height: number; unit: string; series: number[] }[];
}

/** Columns of the envelope, two points each: about a point for a pixel. */
const columns = { wide: 360, narrow: 170 };
/** Below this, four ticks would touch. */
const flatPx = 48;
const left = 58;
const right = 14;

/** Panels under one another on one time axis with the fault bands through all of them, as one SVG. */
export function renderPanels(
  timeline: Timeline,
  panels: Panel[],
  options: ChartSize & SvgNames,
): { svg: string; geometry: Geometry } {
  const { widthPx, panelHeightPx } = options;
  const { boxes, heightPx } = layOut(timeline, panels, { ...options, plotPx: widthPx - left - right });
  const numbered = numberSeries(boxes);
  const option = {
    title: boxes.map((box) => titleOf(box)),
    legend: boxes.map((box) => legendOf(box, options)),
    grid: boxes.map((box) => ({ left, right, top: box.plotY, height: panelHeightPx })),
    xAxis: boxes.map((box) => xAxisOf(box, timeline, options)),
    yAxis: boxes.map((box) => yAxisOf(box, options)),
    series: numbered.flatMap(({ box, first }) =>
      seriesOf(box, timeline, { first, buckets: options.narrow ? columns.narrow : columns.wide }),
    ),
  };
  const geometry: Geometry = {
    left,
    right: widthPx - right,
    endS: timeline.endS,
    panels: numbered.map(({ box, first }) => ({
      y: box.plotY,
      height: panelHeightPx,
      unit: box.panel.unit,
      series: box.panel.series.map((_, k) => first + k),
    })),
  };
  return { svg: drawSvg(option, { widthPx, heightPx }, options), geometry };
}

/** ECharts counts series through all panels; each panel begins with the one that carries its marks. */
function numberSeries(boxes: Box[]): { box: Box; first: number }[] {
  let next = 0;
  return boxes.map((box) => {
    const first = next + 1;
    next = first + box.panel.series.length + box.panel.series.filter((s) => s.infiniteAtS.length > 0).length;
    return { box, first };
  });
}

const color = (k: number, series: number) => marked(`--line-${(k % 6) + 1}`, `s${series}`);
const dashes = ['solid', 'dashed', 'dotted'] as const;

function titleOf({ panel, y }: Box): object {
  return {
    text: panelTitle(panel),
    left: 0,
    top: y + 1,
    padding: 0,
    textStyle: { fontSize: 12, fontWeight: 'bold', color: 'var(--ink)' },
  };
}

function legendOf({ panel, y, titlePx }: Box, { narrow, widthPx }: ChartSize): object {
  return {
    data: panel.series.map(({ name }) => name),
    ...(narrow ? { left: 0, top: y + 18 } : { left: titlePx, top: y + 1 }),
    width: narrow ? widthPx : widthPx - titlePx,
    ...lineLegend,
  };
}

function xAxisOf({ i, isLast }: Box, timeline: Timeline, options: ChartSize): object {
  const interval = niceStep(timeline.endS / (options.narrow ? 4 : 8));
  return {
    gridIndex: i,
    type: 'value',
    min: 0,
    max: timeline.endS,
    interval,
    axisLine: { onZero: false, lineStyle: { color: 'var(--rule)' } },
    axisTick: { show: isLast, lineStyle: { color: marked('--rule', 'x') } },
    splitLine: { show: false },
    axisLabel: {
      show: isLast,
      color: marked('--ink-2', 'x'),
      fontSize: 11,
      showMaxLabel: Number.isInteger(timeline.endS / interval),
      formatter: (value: number) => `${formatNumber(value)} s`,
    },
  };
}

/** Steps of time that people count in. */
function niceStep(atLeastS: number): number {
  const steps = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800];
  return steps.find((step) => step >= atLeastS) ?? Math.ceil(atLeastS / 86_400) * 86_400;
}

function yAxisOf({ panel, i, range }: Box, { panelHeightPx }: ChartSize): object {
  // A flat panel has room for its two ends.
  const step = panelHeightPx < flatPx ? range.max : range.step;
  return {
    gridIndex: i,
    type: panel.log ? 'log' : 'value',
    min: range.min,
    max: range.max,
    ...(panel.log ? { splitNumber: 3 } : { interval: step }),
    axisLabel: { color: ink, fontSize: 11, formatter: (value: number) => shortNumber(value, panel.unit) },
    splitLine: { lineStyle: { color: 'var(--rule)', width: 1 } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

function shortNumber(value: number, unit: string): string {
  if (unit === 'bytes') return formatNumber(value / mebibyte, 4);
  if (value >= 1e6) return `${formatNumber(value / 1e6, 3)} M`;
  if (value >= 1e4) return `${formatNumber(value / 1e3, 3)} k`;
  return formatNumber(value, 3);
}

function seriesOf(
  box: Box,
  timeline: Timeline,
  { first, buckets }: { first: number; buckets: number },
): object[] {
  const { panel, i, range } = box;
  const axes = { xAxisIndex: i, yAxisIndex: i, silent: true };
  const lines = panel.series.map((series, k) => ({
    ...axes,
    type: 'line',
    name: series.name,
    // A log axis has no 0: what lies below it is drawn on its floor.
    data: envelope(series.points, buckets).map(([at, value]) => [
      at,
      value === null ? null : Math.max(value, range.min),
    ]),
    ...(panel.steps ? { step: 'end' } : {}),
    showSymbol: false,
    connectNulls: false,
    color: color(k, first + k),
    lineStyle: { width: 1.6, color: color(k, first + k), type: dashes[k % dashes.length] },
  }));
  const infinite = panel.series.flatMap((series, k) => {
    if (series.infiniteAtS.length === 0) return [];
    const data = envelope(
      series.infiniteAtS.map((at) => [at, range.max]),
      buckets,
    );
    return [
      { ...axes, type: 'scatter', symbol: 'triangle', symbolSize: 7, color: color(k, first + k), data },
    ];
  });
  // Marks hang on a series of their own, so that they are drawn once however many lines a panel has.
  return [{ ...axes, type: 'line', data: [], ...marksOf(box, timeline) }, ...lines, ...infinite];
}
