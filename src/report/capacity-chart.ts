import type { CapacityReport } from './capacity-types.ts';
import { formatCount, formatMs, formatNumber } from './format.ts';
import type { ChartView } from './html-charts.ts';
import { drawSvg, ink, type SvgNames } from './svg.ts';

interface Size {
  widthPx: number;
  plotHeightPx: number;
}

type Sizes = Record<'wide' | 'narrow', Size>;

const narrow: Size = { widthPx: 360, plotHeightPx: 170 };
/** Three beside one another, and one on the first screen. */
const sizes: Sizes = { wide: { widthPx: 400, plotHeightPx: 170 }, narrow };
const firstSizes: Sizes = { wide: { widthPx: 640, plotHeightPx: 260 }, narrow };
const left = 58;
const right = 14;
const legendPx = { wide: 26, narrow: 42 };

/** Verdicts differ by shape as well as by colour; short trials are hollow. */
const looks = [
  { status: 'pass', symbol: 'circle', color: 'var(--pass)' },
  { status: 'fail', symbol: 'triangle', color: 'var(--fail)' },
  { status: 'unknown', symbol: 'diamond', color: 'var(--unknown)' },
  { status: 'invalid', symbol: 'rect', color: ink },
] as const;

type Trial = CapacityReport['trials'][number];
type Place = (trial: Trial, index: number) => [number, number | undefined];

/** For the first screen: every trial as a dot with the bounds closing. */
export function searchChart(searched: CapacityReport): ChartView[] {
  const capacity = withoutStudy(searched);
  if (capacity.trials.length < 2) return [];
  return [chartOf(capacity, { ...bySearch, sizes: firstSizes })];
}

/** What grows with the rate, trial by trial: how long it took, what came through, what it cost. */
export function loadCharts(searched: CapacityReport): ChartView[] {
  const capacity = withoutStudy(searched);
  return byLoad(capacity.items).flatMap((question) => {
    const drawn = capacity.trials.filter((trial, i) => (question.place(trial, i)[1] ?? 0) > 0);
    return drawn.length < 2 ? [] : [chartOf(capacity, { ...question, sizes })];
  });
}

/** Trials of variants say nothing about the bounds drawn here. */
function withoutStudy(capacity: CapacityReport): CapacityReport {
  return { ...capacity, trials: capacity.trials.filter(({ purpose }) => purpose !== 'study') };
}

const hollow =
  'Hollow: a short trial, which steers and never judges; square: an invalid one, which counts for nothing.';
const upright = 'Upright lines: the highest rate that holds and the lowest that breaks.';

const bySearch: Question = {
  id: 'capacity-trials',
  title: 'Trials and bounds, items/s',
  caption:
    `A point is one trial, in order. ${hollow} Lines: the highest rate that holds and the lowest that breaks, by ` +
    'full trials, after each of them.',
  x: { name: 'trial', format: (value) => (value === 0 ? '' : `${value}`) },
  y: { log: false },
  place: ({ ratePerS }, index) => [index + 1, ratePerS],
  bounds: 'closing',
};

function byLoad(items: string): Question[] {
  const common = {
    x: { name: `${items}/s asked for`, format: (value: number) => formatNumber(value, 3) },
    bounds: 'upright',
  } as const;
  const caption = (what: string) =>
    `A point is one trial: ${what} over the rate that was asked for. ${upright}`;
  return [
    {
      ...common,
      id: 'capacity-latency',
      title: 'P99 against load, ms',
      caption: caption('P99 from due to answer'),
      y: { log: true },
      place: ({ ratePerS, p99Ms }) => [ratePerS, p99Ms],
    },
    {
      ...common,
      id: 'capacity-throughput',
      title: `Throughput against load, ${items}/s`,
      caption: caption('what was acknowledged'),
      y: { log: false },
      place: ({ ratePerS, acknowledgedPerS }) => [ratePerS, acknowledgedPerS],
    },
    {
      ...common,
      id: 'capacity-cpu',
      title: `CPU seconds per million ${items}`,
      caption: caption('CPU time of the target'),
      y: { log: false },
      place: ({ ratePerS, cpuSPerMillion }) => [ratePerS, cpuSPerMillion],
    },
  ];
}

interface Question {
  id: string;
  title: string;
  caption: string;
  x: { name: string; format(value: number): string };
  y: { log: boolean };
  place: Place;
  /** closing: over the trials; upright: where they ended. */
  bounds: 'closing' | 'upright';
}

function chartOf(capacity: CapacityReport, question: Question & { sizes: Sizes }): ChartView {
  const { id, title } = question;
  const description = `${title}, over ${question.x.name}. The same numbers stand in the table below the chart.`;
  const draw = (kind: 'wide' | 'narrow') =>
    drawTrials(
      capacity,
      question,
      { ...question.sizes[kind], legendPx: legendPx[kind] },
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
      names: ['rate', 'verdict', 'acknowledged', 'P99', 'CPU s per million', 'holds at', 'breaks at'],
      rows: capacity.trials.map((trial) => ({
        at: trial.name,
        values: [
          `${formatCount(trial.ratePerS)}/s`,
          trial.status,
          trial.acknowledgedPerS === undefined ? '' : `${formatCount(trial.acknowledgedPerS)}/s`,
          formatMs(trial.p99Ms),
          formatNumber(trial.cpuSPerMillion, 3),
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
  capacity: CapacityReport,
  { x, y, place, bounds }: Question,
  size: Size & { legendPx: number },
  names: SvgNames,
): string {
  const { trials } = capacity;
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
      name: x.name,
      nameLocation: 'middle',
      nameGap: 22,
      nameTextStyle: axis,
      ...(bounds === 'closing' ? { min: 0, max: trials.length + 1 } : { scale: true }),
      minInterval: 1,
      axisLine: { lineStyle: { color: 'var(--rule)' } },
      splitLine: { show: false },
      axisLabel: { ...axis, hideOverlap: true, showMaxLabel: bounds !== 'closing', formatter: x.format },
    },
    yAxis: {
      type: y.log ? 'log' : 'value',
      scale: true,
      ...(y.log ? {} : { boundaryGap: ['6%', '6%'] }),
      axisLabel: { ...axis, formatter: (value: number) => formatNumber(value, 3) },
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
      ...(bounds === 'closing' ? boundLines(trials) : uprightLines(capacity)),
    ],
  };
  const heightPx = size.legendPx + size.plotHeightPx + 40;
  return drawSvg(option, { widthPx: size.widthPx, heightPx }, names);
}

/** Where the search ended; nothing where it found no bound. */
function uprightLines({ lowerPerS, upperPerS }: CapacityReport): object[] {
  const line = (xAxis: number, color: string, type: string) => ({
    xAxis,
    lineStyle: { color, type, width: 1.4 },
  });
  const data = [
    ...(lowerPerS > 0 ? [line(lowerPerS, 'var(--pass)', 'solid')] : []),
    ...(upperPerS === 'Infinity' ? [] : [line(upperPerS, 'var(--fail)', 'dashed')]),
  ];
  if (data.length === 0) return [];
  return [
    { type: 'line', data: [], markLine: { silent: true, symbol: 'none', label: { show: false }, data } },
  ];
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
