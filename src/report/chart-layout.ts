import { columnsOf } from './ansi.ts';
import type { Panel, Timeline } from './panels.ts';

export interface ChartSize {
  widthPx: number;
  panelHeightPx: number;
  /** Legends on lines of their own, fewer ticks. */
  narrow: boolean;
}

/** One panel with its place in the drawing. */
export interface Box {
  panel: Panel;
  i: number;
  isLast: boolean;
  /** Top of the panel's head (title and legend), and of its plot. */
  y: number;
  plotY: number;
  /** Where the legend may begin. */
  titlePx: number;
  /** Step: between the ticks of a linear axis. */
  range: { min: number; max: number; step?: number };
  /** Line of each fault's label, counted upwards. */
  labelLines: number[];
}

const characterPx = 6.1;
const labelLinePx = 14;
const legendLinePx = 15;

/** Width of a text of 11 px; ECharts measures no fonts on a server either. */
function textPx(text: string): number {
  return columnsOf(text) * characterPx;
}

export function panelTitle({ title, unit, leftOut, series }: Panel): string {
  const shown = unit === 'bytes' ? 'MiB' : unit;
  return leftOut === 0
    ? `${title}, ${shown}`
    : `${title}, ${shown} (the ${series.length} busiest of ${series.length + leftOut})`;
}

export function layOut(
  timeline: Timeline,
  panels: Panel[],
  size: ChartSize & { plotPx: number },
): { boxes: Box[]; heightPx: number } {
  const labelLines = placeLabels(timeline, size.plotPx);
  const lines =
    timeline.bands.length === 0 ? 0 : labelLines.reduce((most, line) => Math.max(most, line), 0) + 1;
  let y = 2;
  const boxes = panels.map((panel, i): Box => {
    const titlePx = textPx(panelTitle(panel)) * 1.15 + 14;
    const legendPx = panel.series.reduce((sum, { name }) => sum + textPx(name) + 43, 0);
    const legendLines = size.narrow
      ? 1 + Math.ceil(legendPx / size.widthPx)
      : Math.ceil(legendPx / (size.widthPx - titlePx));
    const head = Math.max(1, legendLines) * legendLinePx + 8 + (i === 0 ? lines * labelLinePx : 0);
    const box = { panel, i, isLast: i === panels.length - 1, y, plotY: y + head, titlePx };
    y += head + size.panelHeightPx + 10;
    return { ...box, range: rangeOf(panel), labelLines };
  });
  return { boxes, heightPx: Math.ceil(y) + 18 };
}

/**
 * The lowest line on which a label does not touch the one before it; three lines at most, and none (-1) where all are
 * taken: a band without a label is read from the table of the faults.
 */
function placeLabels(timeline: Timeline, plotPx: number): number[] {
  const ends = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const order = timeline.bands
    .map((band, k) => ({ band, k, middle: ((band.fromS + band.toS) / 2 / timeline.endS) * plotPx }))
    .sort((a, b) => a.middle - b.middle);
  const placed = new Array<number>(timeline.bands.length).fill(0);
  for (const { band, k, middle } of order) {
    const half = textPx(band.label) / 2 + 4;
    const free = ends.findIndex((end) => end <= middle - half);
    if (free >= 0) ends[free] = middle + half;
    placed[k] = free;
  }
  return placed;
}

/** Room for the limits too, and never an empty axis. A log axis spans whole decades. */
function rangeOf(panel: Panel): Box['range'] {
  let max = 0;
  let min = Number.POSITIVE_INFINITY;
  const see = (value: number) => {
    max = Math.max(max, value);
    if (value > 0) min = Math.min(min, value);
  };
  for (const { points } of panel.series) for (const [, value] of points) see(value ?? 0);
  for (const { value } of panel.limits) if (panel.log || value < max * 4 || max === 0) see(value);
  if (max === 0) return { min: panel.log ? 0.1 : 0, max: 1, step: 1 };
  if (panel.log) {
    const floor = 10 ** Math.floor(Math.log10(min));
    return { min: floor, max: Math.max(floor * 10, 10 ** Math.ceil(Math.log10(max * 1.02))) };
  }
  const unit = panel.unit === 'bytes' ? mebibyte : 1;
  const top = (max / unit) * 1.05;
  const magnitude = 10 ** Math.floor(Math.log10(top));
  const isWhole = whole.has(panel.unit);
  const fits = ([size, parts]: readonly [number, number]) =>
    size * magnitude >= top && (!isWhole || Number.isInteger((size * magnitude) / parts));
  const [size, parts] = ladder.find(fits) ?? [10, 5];
  const end = size * magnitude * unit;
  return { min: 0, max: end, step: end / parts };
}

/** Ends of a linear axis and the parts that its ticks cut it into. */
const ladder = [
  [1, 2],
  [1.5, 3],
  [2, 2],
  [3, 3],
  [4, 4],
  [6, 3],
  [8, 4],
  [10, 5],
] as const;

/** What there is no half of: an axis of it has no fractions. */
const whole = new Set(['batches', 'items', 'requests']);
export const mebibyte = 1024 * 1024;

/** Fault bands with dashed edges, the end of the load, and the limits of the SLOs. */
export function marksOf({ panel, i, range, labelLines }: Box, timeline: Timeline): object {
  const bands = timeline.bands.map((band, k) => [
    {
      xAxis: band.fromS,
      ...(i === 0 && (labelLines[k] ?? -1) >= 0 ? { name: band.label } : {}),
      label: { distance: 3 + labelLinePx * Math.max(0, labelLines[k] ?? 0) },
    },
    // What happens at an instant is still to be seen.
    { xAxis: Math.max(band.toS, band.fromS + timeline.endS / 400) },
  ]);
  const edges = timeline.bands.flatMap(({ fromS, toS }) => (toS > fromS ? [fromS, toS] : [fromS]));
  const edgeLine = { color: 'var(--fault)', type: 'dashed', width: 1 };
  const limits = panel.limits
    .filter(({ value }) => value >= range.min && value <= range.max)
    .map(({ text, value, fromS, toS }) => [
      {
        coord: [fromS, value],
        lineStyle: { color: 'var(--limit)', type: [2, 3], width: 1 },
        label: {
          show: true,
          formatter: () => text,
          position: 'insideEndTop',
          distance: 1,
          fontSize: 10,
          color: 'var(--limit)',
          textBorderColor: 'var(--page)',
          textBorderWidth: 3,
        },
      },
      { coord: [toS, value] },
    ]);
  return {
    markArea: {
      silent: true,
      itemStyle: { color: 'var(--fault-fill)' },
      label: { show: i === 0, position: 'top', fontSize: 11, color: 'var(--fault)' },
      data: bands,
    },
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: false },
      data: [
        ...edges.map((xAxis) => ({ xAxis, lineStyle: edgeLine })),
        { xAxis: timeline.settleFromS, lineStyle: { color: 'var(--rule-2)', type: 'solid', width: 1 } },
        ...limits,
      ],
    },
  };
}
