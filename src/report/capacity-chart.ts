import type { CapacityReport } from './capacity-types.ts';
import { formatCount, formatMs, formatNumber } from './format.ts';
import type { ChartView } from './html-charts.ts';
import { tableBelow } from './svg.ts';
import { drawTrials, type Plot, type PlotSize } from './trial-plot.ts';

type Sizes = Record<'wide' | 'narrow', PlotSize>;

const narrow: PlotSize = { widthPx: 360, plotHeightPx: 170, legendPx: 56 };
/** Three beside one another, and one on the first screen. */
const sizes: Sizes = { wide: { widthPx: 400, plotHeightPx: 170, legendPx: 26 }, narrow };
const firstSizes: Sizes = { wide: { widthPx: 640, plotHeightPx: 260, legendPx: 26 }, narrow };

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

const upright = 'Upright lines: the highest rate that holds and the lowest that breaks.';
const hollow =
  'Hollow: a short trial, which steers and never judges. Square: an invalid one, which counts for nothing.';

const bySearch: Question = {
  id: 'capacity-trials',
  title: 'Trials and bounds, items/s',
  caption:
    'A point is one trial, in order; a hollow one is short: it steers and never judges. The lines are the bounds ' +
    'after each full trial. At their end they step apart by the noise, to the rates that fresh trials confirmed: ' +
    'between the two a trial may go either way.',
  more: hollow,
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
  const words = (what: string) => ({
    caption: `A point is one trial: ${what} over the rate that was asked for. ${upright}`,
    more: hollow,
  });
  return [
    {
      ...common,
      id: 'capacity-latency',
      title: 'P99 against load, ms',
      ...words('P99 from due to answer'),
      y: { log: true },
      place: ({ ratePerS, p99Ms }) => [ratePerS, p99Ms],
    },
    {
      ...common,
      id: 'capacity-throughput',
      title: `Throughput against load, ${items}/s`,
      ...words('what was acknowledged'),
      y: { log: false },
      place: ({ ratePerS, acknowledgedPerS }) => [ratePerS, acknowledgedPerS],
    },
    {
      ...common,
      id: 'capacity-cpu',
      title: `CPU seconds per million ${items}`,
      ...words('CPU time of the target'),
      y: { log: false },
      place: ({ ratePerS, cpuSPerMillion }) => [ratePerS, cpuSPerMillion],
    },
  ];
}

interface Question extends Plot {
  id: string;
  title: string;
  caption: string;
  more: string;
}

function chartOf(capacity: CapacityReport, question: Question & { sizes: Sizes }): ChartView {
  const { id, title } = question;
  const description = `${title}, over ${question.x.name}. ${tableBelow}`;
  const draw = (kind: 'wide' | 'narrow') =>
    drawTrials(capacity, question, {
      ...question.sizes[kind],
      id: `${id}-${kind[0]}`,
      title,
      description,
    });
  return {
    id,
    title,
    wide: draw('wide'),
    narrow: draw('narrow'),
    geometryText: '',
    data: '',
    caption: question.caption,
    more: question.more,
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
