import { signals } from '../base/signal.ts';
import { formatCount, formatSeconds } from './format.ts';
import { type ChartView, chartData } from './html-charts.ts';
import { heatColumns, heatGeometry, heatRows, renderHeat, renderPercentiles } from './latency-chart.ts';
import { distributionNames, distributionRows } from './latency-words.ts';
import { itemWord } from './sentences.ts';
import { tableBelow } from './svg.ts';
import type { Distribution, HeatMap, Report } from './types.ts';

/** Rows of the table behind a heat map; every cell is in report.json. */
const heatRowsMax = 90;
const sizes = {
  wide: { widthPx: 600, plotHeightPx: 190 },
  narrow: { widthPx: 360, plotHeightPx: 170 },
};

/** Percentile plot and heat maps of each signal that has requests. */
export function distributionView(report: Report): { signal: string; id: string; charts: ChartView[] }[] {
  return signals.flatMap((signal) => {
    const of = report.distribution?.[signal];
    if (of === undefined || of.ack.length === 0) return [];
    const word = itemWord[signal];
    const heats = (['ack', 'send'] as const).map((since) =>
      heatView(of.heat[since], { word, since, signal }),
    );
    return [
      { signal: word, id: `latency-${signal}`, charts: [percentileView(of, word, signal), ...heats.flat()] },
    ];
  });
}

function percentileView(of: Distribution, word: string, signal: string): ChartView {
  const id = `percentiles-${signal}`;
  const title = `Percentiles of ${word}`;
  const names = {
    title,
    description:
      `Latency in ms over the share of observations that it bounds, for ${word}: due to answer, first send to ` +
      `answer, due to sink. ${tableBelow}`,
  };
  return {
    id,
    title,
    wide: renderPercentiles(of, { widthPx: 1180, plotHeightPx: 190 }, { ...names, id: `${id}-w` }),
    narrow: renderPercentiles(of, sizes.narrow, { ...names, id: `${id}-n` }),
    geometryText: '',
    data: '',
    caption:
      'A point: that share of the observations took at most so long (window run). Each upright line to the right leaves a ' +
      'tenth as many above it. Observations are requests, and for due to sink, items. The solid line is what a user of ' +
      'the pipeline sees; its distance to the dashed one is time that requests waited to be sent.',
    more: '',
    table: percentileTable(of),
  };
}

function percentileTable(of: Distribution): ChartView['table'] {
  return {
    first: 'share',
    names: distributionNames,
    rows: distributionRows(of),
    note: '',
    columnsLeftOut: 0,
  };
}

const sinceWords = {
  ack: { title: 'from due', point: 'from due to the final answer' },
  send: { title: 'from send', point: 'from the first send to the final answer' },
} as const;

function heatView(
  heat: HeatMap,
  about: { word: string; since: 'ack' | 'send'; signal: string },
): ChartView[] {
  if (heat.cells.length + heat.unanswered.length === 0) return [];
  const { title: since, point } = sinceWords[about.since];
  const id = `heat-${about.since}-${about.signal}`;
  const title = `Requests of ${about.word} over time, ${since}`;
  const names = {
    title,
    description: `Requests by when they were due and by how long they took ${point}. ${tableBelow}`,
  };
  return [
    {
      id,
      title,
      wide: renderHeat(heat, sizes.wide, { ...names, id: `${id}-w` }),
      narrow: renderHeat(heat, sizes.narrow, { ...names, id: `${id}-n` }),
      geometryText: JSON.stringify({
        wide: heatGeometry(heat, sizes.wide),
        narrow: heatGeometry(heat, sizes.narrow),
      }),
      data: chartData({ panels: [] }),
      caption:
        `A cell holds the requests due in ${formatSeconds(heat.stepS)} that took ${point} at least what stands on the left, ` +
        'and less than the next line; the shade says how many. "never": no answer with success.',
      more: '',
      table: heatTable(heat),
    },
  ];
}

function heatTable(heat: HeatMap): ChartView['table'] {
  const names = heatRows(heat);
  const columns = heatColumns(heat);
  const counts = Array.from({ length: columns }, () => new Array<number>(names.length).fill(0));
  for (const [column, row, count] of heat.cells) fill(counts, column, row, count);
  for (const [column, count] of heat.unanswered) fill(counts, column, names.length - 1, count);
  return {
    first: 'due after',
    names: names.map((name) => (name === 'never' ? name : `from ${name}`)),
    rows: counts.slice(0, heatRowsMax).map((row, c) => ({
      at: formatSeconds(c * heat.stepS),
      values: row.map((count) => (count === 0 ? '' : formatCount(count))),
    })),
    note: columns > heatRowsMax ? `the first ${heatRowsMax} rows` : '',
    columnsLeftOut: 0,
  };
}

function fill(counts: number[][], column: number, row: number, count: number): void {
  const of = counts[column];
  if (of !== undefined && row >= 0 && row < of.length) of[row] = count;
}
