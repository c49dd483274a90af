import { LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { envelope } from './downsample.ts';
import { formatNumber } from './format.ts';
import type { Panel, Timeline } from './panels.ts';
import { escapeXml } from './xml.ts';

export interface ChartOptions {
  /** Prefix of the ids inside the SVG; unique within the page. */
  id: string;
  title: string;
  description: string;
  widthPx: number;
  panelHeightPx: number;
  /** Legends on a line of their own, fewer ticks. */
  narrow: boolean;
}

/** Columns of the envelope: two points each, about one per pixel. */
const buckets = 360;
const left = 62;
const right = 14;
const bandLines = 2;

/** Panels under one another on one time axis with the fault bands through all of them, as one SVG. */
export function renderPanels(timeline: Timeline, panels: Panel[], options: ChartOptions): string {
  use([
    LineChart,
    ScatterChart,
    GridComponent,
    LegendComponent,
    MarkAreaComponent,
    MarkLineComponent,
    TitleComponent,
    SVGRenderer,
  ]);
  const top = timeline.bands.length > 0 ? 15 * Math.min(bandLines, timeline.bands.length) + 2 : 2;
  const head = options.narrow ? 40 : 22;
  const step = options.panelHeightPx + head;
  const height = top + panels.length * step + 34;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: options.widthPx, height });
  try {
    const boxes = panels.map((panel, i) => ({ panel, i, y: top + i * step, head, top }));
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit' },
      title: boxes.map((box) => titleOf(box)),
      legend: boxes.map((box) => legendOf(box, options)),
      grid: boxes.map((box) => ({
        left,
        right,
        top: box.y + head,
        height: options.panelHeightPx,
      })),
      xAxis: boxes.map((box) => xAxisOf(box, panels.length, timeline, options)),
      yAxis: boxes.map((box) => yAxisOf(box)),
      series: boxes.flatMap((box) => seriesOf(box, timeline)),
    });
    return cleanSvg(chart.renderToSVGString(), options);
  } finally {
    chart.dispose();
  }
}

interface Box {
  panel: Panel;
  i: number;
  y: number;
  head: number;
  top: number;
}

const ink = 'var(--ink-2)';
const color = (k: number) => `var(--line-${(k % 6) + 1})`;
const dashes = ['solid', 'dashed', 'dotted'] as const;

function titleOf({ panel, y }: Box): object {
  return {
    text: `${panel.title}, ${panel.unit}`,
    left: 0,
    top: y + 1,
    padding: 0,
    textStyle: { fontSize: 12, fontWeight: 'bold', color: 'var(--ink)' },
  };
}

function legendOf({ panel, y }: Box, options: ChartOptions): object {
  return {
    data: panel.series.map(({ name }) => name),
    ...(options.narrow ? { left: 0, top: y + 18 } : { right: 0, top: y, left: 130, align: 'left' }),
    padding: 0,
    itemGap: 10,
    itemWidth: 20,
    itemHeight: 8,
    selectedMode: false,
    textStyle: { fontSize: 11, color: ink },
  };
}

function xAxisOf({ i }: Box, count: number, timeline: Timeline, options: ChartOptions): object {
  const last = i === count - 1;
  return {
    gridIndex: i,
    type: 'value',
    min: 0,
    max: timeline.endS,
    splitNumber: options.narrow ? 4 : 8,
    axisLine: { onZero: false, lineStyle: { color: 'var(--rule)' } },
    axisTick: { show: last, lineStyle: { color: 'var(--rule)' } },
    splitLine: { show: false },
    axisLabel: {
      show: last,
      color: ink,
      fontSize: 11,
      formatter: (value: number) => `${formatNumber(value)} s`,
      hideOverlap: true,
    },
  };
}

function yAxisOf({ panel, i }: Box): object {
  return {
    gridIndex: i,
    type: 'value',
    min: 0,
    max: panelMax(panel),
    splitNumber: 3,
    axisLabel: { color: ink, fontSize: 11, formatter: (value: number) => shortNumber(value, panel.unit) },
    splitLine: { lineStyle: { color: 'var(--rule)', width: 1 } },
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

/** Room for the limits too, and never an empty axis. */
function panelMax(panel: Panel): number {
  let max = 0;
  for (const { points } of panel.series) for (const [, value] of points) max = Math.max(max, value ?? 0);
  for (const { value } of panel.limits) if (value < max * 4 || max === 0) max = Math.max(max, value);
  if (max === 0) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(max * 1.05));
  const step = [1, 1.5, 2, 3, 4, 6, 8, 10].find((candidate) => candidate * magnitude >= max * 1.05) ?? 10;
  return step * magnitude;
}

function shortNumber(value: number, unit: string): string {
  if (unit === 'bytes') return `${formatNumber(value / 1048576, 3)} Mi`;
  if (value >= 1e6) return `${formatNumber(value / 1e6, 3)} M`;
  if (value >= 1e4) return `${formatNumber(value / 1e3, 3)} k`;
  return formatNumber(value, 3);
}

function seriesOf(box: Box, timeline: Timeline): object[] {
  const { panel, i } = box;
  const axes = { xAxisIndex: i, yAxisIndex: i, silent: true };
  const max = panelMax(panel);
  const lines = panel.series.map((series, k) => ({
    ...axes,
    type: 'line',
    name: series.name,
    data: envelope(series.points, buckets),
    showSymbol: false,
    connectNulls: false,
    color: color(k),
    lineStyle: { width: 1.6, color: color(k), type: dashes[k % dashes.length] },
  }));
  const infinite = panel.series.flatMap((series, k) =>
    series.infiniteAtS.length === 0
      ? []
      : [
          {
            ...axes,
            type: 'scatter',
            symbol: 'triangle',
            symbolSize: 7,
            color: color(k),
            data: envelope(
              series.infiniteAtS.map((at) => [at, max]),
              buckets,
            ),
          },
        ],
  );
  // Marks hang on a series of their own, so that they are drawn once however many lines a panel has.
  return [{ ...axes, type: 'line', data: [], ...marksOf(box, timeline) }, ...lines, ...infinite];
}

function marksOf({ panel, i }: Box, timeline: Timeline): object {
  const bands = timeline.bands.map((band, k) => [
    {
      xAxis: band.fromS,
      ...(i === 0 ? { name: band.label } : {}),
      label: { offset: [0, -15 * (k % bandLines)] },
    },
    { xAxis: Math.max(band.toS, band.fromS + timeline.endS / 400) },
  ]);
  const edges = timeline.bands.flatMap(({ fromS, toS }) => (toS > fromS ? [fromS, toS] : [fromS]));
  const edgeLine = { color: 'var(--fault)', type: 'dashed', width: 1 };
  return {
    markArea: {
      silent: true,
      itemStyle: { color: 'var(--fault-fill)' },
      label: { show: i === 0, position: 'top', distance: 24, fontSize: 11, color: 'var(--fault)' },
      data: bands,
    },
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: false },
      data: [
        ...edges.map((xAxis) => ({ xAxis, lineStyle: edgeLine })),
        { xAxis: timeline.settleFromS, lineStyle: { color: 'var(--rule-2)', type: 'solid', width: 1 } },
        ...panel.limits
          .filter(({ value }) => value <= panelMax(panel))
          .map(({ text, value }) => ({
            yAxis: value,
            lineStyle: { color: 'var(--limit)', type: [2, 3], width: 1 },
            label: {
              show: true,
              formatter: () => text,
              position: 'insideEndTop',
              fontSize: 10,
              color: 'var(--limit)',
            },
          })),
      ],
    },
  };
}

/**
 * Takes out what depends on how many charts this process drew before (class names, ids) and on a pointer (hover
 * styles), so that the same report gives the same bytes; adds the accessible name.
 */
export function cleanSvg(svg: string, options: Pick<ChartOptions, 'id' | 'title' | 'description'>): string {
  const body = svg
    .replace(/<style ?>[\s\S]*?<\/style>/g, '')
    .replace(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, '')
    .replace(/(id="|url\(#)zr\d+-/g, `$1${options.id}-`)
    .replace(/ (?:dominant-baseline="central" |)style="([^"]*)"/g, (all: string) =>
      all.replace('font-family:inherit;', '').replace(/ style=""/, ''),
    )
    .replace(/\n\s*\n/g, '\n');
  const viewBox = /viewBox="[^"]*"/.exec(svg)?.[0] ?? '';
  const inner = body.slice(body.indexOf('>') + 1);
  const names = `<title id="${options.id}-t">${escapeXml(options.title)}</title><desc id="${options.id}-d">${escapeXml(options.description)}</desc>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${viewBox} role="img" aria-labelledby="${options.id}-t ${options.id}-d">${names}${inner}`;
}
