import { changeText, intervalText, worstMeasuresFirst } from './comparison.ts';
import type { ComparedMeasure, ComparisonReport } from './comparison-types.ts';
import { formatPercent, formatUnit, oneLine } from './format.ts';
import type { ChartView } from './html-charts.ts';
import { chartText } from './panels.ts';
import { drawSvg, ink, tableBelow, verdictMarks } from './svg.ts';

/** One line of the drawing: ratios of the candidate to the baseline, 1 for no change. */
interface Row {
  name: string;
  ratio: number;
  low: number;
  high: number;
  /** A change for the worse beyond it counts. */
  limit: number;
  verdict: ComparedMeasure['verdict'];
}

/** More have no room, and the table has them. */
const rowsMax = 12;
const rowPx = 30;
const topPx = 24;
const side = 16;
const widths = { wide: 640, narrow: 360 } as const;
const charsMax = { wide: 60, narrow: 36 } as const;
/** Labels that fit beside one another. */
const labelsMax = { wide: 9, narrow: 5 } as const;

const marks: Record<ComparedMeasure['verdict'], { symbol: string; color: string }> = {
  worse: verdictMarks.fail,
  unknown: verdictMarks.unknown,
  better: verdictMarks.pass,
  same: { ...verdictMarks.pass, color: ink },
};

/** Every change with its interval and the margin that it may not pass, the worst at the top. */
export function comparisonChart(comparison: ComparisonReport): ChartView[] {
  const shown = worstMeasuresFirst(comparison.measures).filter(
    ({ change, interval }) => typeof change === 'number' && interval !== null,
  );
  if (shown.length === 0) return [];
  const rows = shown.slice(0, rowsMax).flatMap(rowOf);
  return [
    {
      id: 'comparison-chart',
      title: 'Change of the candidate against the baseline',
      wide: draw(rows, 'wide'),
      narrow: draw(rows, 'narrow'),
      geometryText: '',
      data: '',
      caption:
        'A point is the estimated change of one measure, the line through it its 95 % interval, the short upright ' +
        'mark the change for the worse that counts. ▲ worse, ◆ not known, ● same or better.',
      more: 'Changes are drawn to ten times and to a tenth at most.',
      table: {
        first: 'measure',
        names: ['baseline', 'candidate', 'change', 'interval', 'counts beyond', 'verdict'],
        rows: shown.map((measure) => ({
          at: measure.name,
          values: [
            formatUnit(measure.baseline, measure.unit),
            formatUnit(measure.candidate, measure.unit),
            changeText(measure.change),
            intervalText(measure),
            formatPercent(measure.margin),
            measure.verdict,
          ],
        })),
        note: '',
        columnsLeftOut: 0,
      },
    },
  ];
}

/** A change beyond that is drawn at the edge. */
const ratioMax = 10;

function rowOf({ name, change, interval, margin, better, verdict }: ComparedMeasure): Row[] {
  if (typeof change !== 'number' || interval === null) return [];
  const [low, high] = interval;
  const bounded = (ratio: number) => Math.min(ratioMax, Math.max(1 / ratioMax, ratio));
  return [
    {
      name: oneLine(name, 120),
      ratio: bounded(1 + change),
      low: bounded(1 + low),
      high: high === 'Infinity' ? ratioMax : bounded(1 + high),
      limit: better === 'less' ? 1 + margin : 1 / (1 + margin),
      verdict,
    },
  ];
}

function draw(rows: readonly Row[], kind: 'wide' | 'narrow'): string {
  const widthPx = widths[kind];
  const heightPx = topPx + rows.length * rowPx + 26;
  const reach = Math.max(1.25, ...rows.flatMap(({ low, high, limit }) => [high, 1 / low, limit, 1 / limit]));
  // Middles of the rows, from the top.
  const places = rows.map((_, i) => rows.length - i - 0.5);
  const option = {
    grid: { left: side, right: side, top: topPx, height: rows.length * rowPx },
    xAxis: {
      type: 'log',
      min: 1 / (reach * 1.08),
      max: reach * 1.08,
      logBase: 2,
      axisLabel: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLine: { lineStyle: { color: 'var(--rule)' } },
    },
    yAxis: { type: 'value', min: 0, max: rows.length, show: false },
    series: [scale(reach, kind), ...rows.flatMap((row, i) => drawRow(row, places[i] ?? 0, charsMax[kind]))],
  };
  const names = rows.map(({ name, ratio }) => `${name} ${changeText(ratio - 1)}`).join('; ');
  return drawSvg(
    option,
    { widthPx, heightPx },
    {
      id: `comparison-chart-${kind[0]}`,
      title: 'Change of the candidate against the baseline',
      description: `${rows.length} measures: ${names}. ${tableBelow}`,
    },
  );
}

/** Upright lines where people count: a half, a tenth off, none, a tenth more, half as much again, double, five times. */
const ticks = [0.2, 0.5, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 5];

function scale(reach: number, kind: 'wide' | 'narrow'): object {
  const labelRoom = (Math.log(reach * 1.08) * 2) / labelsMax[kind];
  let last = Number.NEGATIVE_INFINITY;
  const data = ticks.flatMap((tick) => {
    const at = Math.log(tick);
    if (Math.abs(at) > Math.log(reach * 1.08) || (tick !== 1 && at - last < labelRoom)) return [];
    if (tick < 1 && -at < labelRoom) return [];
    last = at;
    const lineStyle = { color: tick === 1 ? 'var(--rule-2)' : 'var(--rule)', type: 'solid', width: 1 };
    return [
      { xAxis: tick, lineStyle, label: { formatter: tick === 1 ? 'no change' : changeText(tick - 1) } },
    ];
  });
  return {
    type: 'line',
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: true, position: 'end', fontSize: 11, color: ink, distance: 4 },
      data,
    },
  };
}

function drawRow({ name, ratio, low, high, limit, verdict }: Row, place: number, max: number): object[] {
  const { symbol, color } = marks[verdict];
  const line = (from: [number, number], to: [number, number], width: number, stroke: string) => ({
    type: 'line',
    silent: true,
    showSymbol: false,
    data: [from, to],
    lineStyle: { width, color: stroke },
  });
  const y = place - 0.2;
  return [
    line([low, y], [high, y], 2, color),
    line([limit, y - 0.24], [limit, y + 0.24], 1.6, 'var(--limit)'),
    {
      type: 'scatter',
      silent: true,
      symbol,
      symbolSize: 10,
      itemStyle: { color, opacity: 1 },
      data: [[ratio, y]],
    },
    {
      type: 'scatter',
      silent: true,
      symbolSize: 0.01,
      z: 6,
      data: [[1, place + 0.28]],
      label: {
        show: true,
        position: 'inside',
        formatter: () => chartText(name, max),
        fontSize: 11,
        color: 'var(--ink)',
        backgroundColor: 'var(--page)',
        padding: [1, 4],
      },
    },
  ];
}
