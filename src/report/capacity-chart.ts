import type { CapacityReport } from './capacity-types.ts';
import { formatCount, formatMs, formatNumber } from './format.ts';
import type { ChartView } from './html-charts.ts';
import { drawSvg, ink, type SvgNames } from './svg.ts';

interface Size {
  widthPx: number;
  plotHeightPx: number;
}

const sizes = { wide: { widthPx: 600, plotHeightPx: 200 }, narrow: { widthPx: 360, plotHeightPx: 170 } };
const left = 58;
const right = 14;
const legendPx = { wide: 26, narrow: 56 };

/** Verdicts differ by shape as well as by colour; short trials are hollow. */
const looks = [
  { status: 'pass', symbol: 'circle', color: 'var(--pass)' },
  { status: 'fail', symbol: 'triangle', color: 'var(--fail)' },
  { status: 'unknown', symbol: 'diamond', color: 'var(--unknown)' },
  { status: 'invalid', symbol: 'rect', color: ink },
] as const;

type Trial = CapacityReport['trials'][number];
type Place = (trial: Trial, index: number) => [number, number | undefined];

/** Every trial as a dot with the bounds closing, and latency against rate. */
export function capacityCharts(searched: CapacityReport): ChartView[] {
  // Trials of variants say nothing about the bounds drawn here.
  const capacity = { ...searched, trials: searched.trials.filter(({ purpose }) => purpose !== 'study') };
  if (capacity.trials.length < 2) return [];
  return [
    chartOf(capacity, {
      id: 'capacity-trials',
      title: 'Trials and bounds',
      caption:
        'A point is one trial, in order; hollow: a short one, which steers and never judges. Lines: the highest rate that ' +
        'holds and the lowest that does not, after each trial. A square counts for nothing: the trial was invalid.',
      x: { name: 'trial' },
      y: { name: 'items/s', log: false },
      place: ({ ratePerS }, index) => [index + 1, ratePerS],
      bounds: true,
    }),
    chartOf(capacity, {
      id: 'capacity-latency',
      title: 'P99 against rate',
      caption:
        'A point is one trial: P99 from due to answer over the rate that was asked for. Trials without an answer are left out.',
      x: { name: 'items/s' },
      y: { name: 'ms', log: true },
      place: ({ ratePerS, p99Ms }) => [ratePerS, p99Ms],
      bounds: false,
    }),
  ];
}

interface Question {
  id: string;
  title: string;
  caption: string;
  x: { name: string };
  y: { name: string; log: boolean };
  place: Place;
  bounds: boolean;
}

function chartOf(capacity: CapacityReport, question: Question): ChartView {
  const { id, title } = question;
  const description = `${title}: ${question.y.name} over ${question.x.name}. The same numbers stand in the table below the chart.`;
  const draw = (kind: 'wide' | 'narrow') =>
    drawTrials(
      capacity,
      question,
      { ...sizes[kind], legendPx: legendPx[kind] },
      { id: `${id}-${kind[0]}`, title, description },
    );
  return {
    id,
    title,
    wide: draw('wide'),
    narrow: draw('narrow'),
    geometryText: '',
    data: '',
    caption: question.caption,
    table: {
      first: 'trial',
      names: ['rate', 'verdict', 'P99', 'holds at', 'breaks at'],
      rows: capacity.trials.map((trial) => ({
        at: trial.name,
        values: [
          `${formatCount(trial.ratePerS)}/s`,
          trial.status,
          formatMs(trial.p99Ms),
          trial.lowerPerS > 0 ? formatCount(trial.lowerPerS) : '',
          trial.upperPerS === 'Infinity' ? '' : formatCount(trial.upperPerS),
        ],
      })),
      note: '',
      columnsLeftOut: 0,
    },
  };
}

function drawTrials(
  { trials }: CapacityReport,
  { x, y, place, bounds }: Question,
  size: Size & { legendPx: number },
  names: SvgNames,
): string {
  const axis = { color: ink, fontSize: 11 };
  const option = {
    legend: {
      left: 0,
      top: 1,
      padding: 0,
      itemGap: 14,
      itemWidth: 16,
      itemHeight: 9,
      width: size.widthPx,
      textStyle: { fontSize: 11, color: ink },
    },
    grid: { left, right, top: size.legendPx, height: size.plotHeightPx },
    xAxis: {
      type: 'value',
      scale: true,
      minInterval: 1,
      axisLine: { lineStyle: { color: 'var(--rule)' } },
      splitLine: { show: false },
      axisLabel: { ...axis, formatter: (value: number) => formatNumber(value, 3) },
    },
    yAxis: {
      type: y.log ? 'log' : 'value',
      scale: true,
      axisLabel: { ...axis, formatter: (value: number) => `${formatNumber(value, 3)}` },
      splitLine: { lineStyle: { color: 'var(--rule)', width: 1 } },
    },
    series: [
      ...looks.flatMap(({ status, symbol, color }) => {
        const data = trials.flatMap((trial, index) => {
          const [across, up] = place(trial, index);
          const short = trial.purpose === 'bracket' || trial.purpose === 'noise';
          if (trial.status !== status || up === undefined || !(up > 0)) return [];
          return [
            {
              value: [across, up],
              itemStyle: { color: short ? 'var(--page)' : color, borderColor: color, borderWidth: 1.6 },
            },
          ];
        });
        if (data.length === 0) return [];
        return [
          { type: 'scatter', silent: true, name: status, symbol, symbolSize: 9, itemStyle: { color }, data },
        ];
      }),
      ...(bounds ? boundLines(trials) : []),
    ],
  };
  const heightPx = size.legendPx + size.plotHeightPx + 26;
  return drawSvg(
    option,
    { widthPx: size.widthPx, heightPx },
    { ...names, title: `${names.title}, ${x.name}` },
  );
}

function boundLines(trials: readonly Trial[]): object[] {
  const line = (name: string, color: string, type: string, of: (trial: Trial) => number | null) => ({
    type: 'line',
    silent: true,
    name,
    step: 'end',
    showSymbol: false,
    color,
    lineStyle: { width: 1.6, type, color },
    data: trials.map((trial, index) => [index + 1, of(trial)]),
  });
  return [
    line('holds', 'var(--pass)', 'solid', ({ lowerPerS }) => (lowerPerS > 0 ? lowerPerS : null)),
    line('breaks', 'var(--fail)', 'dashed', ({ upperPerS }) => (upperPerS === 'Infinity' ? null : upperPerS)),
  ];
}
