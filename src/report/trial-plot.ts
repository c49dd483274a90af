import type { CapacityReport } from './capacity-types.ts';
import { formatCount, formatNumber } from './format.ts';
import { drawSvg, ink, type SvgNames, verdictMarks } from './svg.ts';

export interface PlotSize {
  widthPx: number;
  plotHeightPx: number;
  legendPx: number;
}

/** Where a chart puts each trial of a search, and how it shows the bounds. */
export interface Plot {
  x: { name: string; format(value: number): string };
  y: { log: boolean };
  place(trial: Trial, index: number): [number, number | undefined];
  /** closing: over the trials; upright: where they ended. */
  bounds: 'closing' | 'upright';
}

type Trial = CapacityReport['trials'][number];

const left = 58;
const right = 14;
/** Short trials have the mark of their verdict without its fill. */
const marks = { ...verdictMarks, invalid: { symbol: 'rect', color: ink } } as const;

export function drawTrials(capacity: CapacityReport, plot: Plot, options: PlotSize & SvgNames): string {
  const { widthPx, plotHeightPx, legendPx } = options;
  const axis = { color: ink, fontSize: 11 };
  const option = {
    legend: {
      left: 0,
      top: 1,
      padding: 0,
      itemGap: 18,
      itemWidth: 16,
      itemHeight: 9,
      width: widthPx,
      textStyle: { fontSize: 11, color: ink },
    },
    grid: { left, right, top: legendPx, height: plotHeightPx },
    xAxis: {
      type: 'value',
      name: plot.x.name,
      nameLocation: 'middle',
      nameGap: 22,
      nameTextStyle: axis,
      ...(plot.bounds === 'closing'
        ? { min: 0, max: capacity.trials.length + confirmedAcross }
        : { scale: true }),
      minInterval: 1,
      axisLine: { lineStyle: { color: 'var(--rule)' } },
      splitLine: { show: false },
      axisLabel: {
        ...axis,
        hideOverlap: true,
        showMaxLabel: plot.bounds !== 'closing',
        formatter: plot.x.format,
      },
    },
    yAxis: {
      type: plot.y.log ? 'log' : 'value',
      scale: true,
      ...(plot.y.log ? {} : { boundaryGap: ['6%', '6%'] }),
      axisLabel: { ...axis, formatter: (value: number) => formatNumber(value, 3) },
      splitLine: { lineStyle: { color: 'var(--rule)', width: 1 } },
    },
    series: [
      ...trialMarks(capacity, plot),
      ...(plot.bounds === 'closing' ? boundLines(capacity) : uprightLines(capacity)),
    ],
  };
  return drawSvg(option, { widthPx, heightPx: legendPx + plotHeightPx + 40 }, options);
}

const statuses = ['pass', 'fail', 'unknown', 'invalid'] as const;

/** By verdict; what is hollow among them has a legend of its own. */
function trialMarks({ trials }: CapacityReport, { place }: Plot): object[] {
  const placed = trials.flatMap((trial, index) => {
    const [across, up] = place(trial, index);
    return up === undefined || !(up > 0) ? [] : [{ ...trial, at: [across, up] }];
  });
  const look = (color: string, isShort: boolean) => ({
    color: isShort ? 'var(--page)' : color,
    borderColor: color,
    borderWidth: 1.6,
  });
  const series = (name: string, symbol: string, rest: object) => ({
    type: 'scatter',
    silent: true,
    name,
    symbol,
    symbolSize: 9,
    ...rest,
  });
  const byVerdict = statuses.flatMap((status) => {
    const { symbol, color } = marks[status];
    const data = placed
      .filter((trial) => trial.status === status)
      .map((trial) => ({ value: trial.at, itemStyle: look(color, isShort(trial)) }));
    return data.length === 0 ? [] : [series(status, symbol, { itemStyle: { color }, data })];
  });
  const hollow = series('short trial', 'circle', { itemStyle: look(ink, true), data: [] });
  return placed.some(isShort) ? [...byVerdict, hollow] : byVerdict;
}

function isShort({ purpose }: Pick<Trial, 'purpose'>): boolean {
  return purpose === 'bracket' || purpose === 'noise';
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

/** Behind the last trial there is room for the ends that fresh trials confirmed, with their numbers. */
const confirmedAcross = 4;

type Bounds = Pick<Trial, 'lowerPerS' | 'upperPerS'>;

function boundLines({ trials, kind, lowerPerS, upperPerS }: CapacityReport): object[] {
  const lower = (of: Bounds) => (of.lowerPerS > 0 ? of.lowerPerS : null);
  const upper = (of: Bounds) => (of.upperPerS === 'Infinity' ? null : of.upperPerS);
  const confirmed = (of: typeof lower) => (kind === 'found' ? of({ lowerPerS, upperPerS }) : null);
  const line = (name: string, look: { color: string; type: string; side: string }, of: typeof lower) => {
    const { color, type, side } = look;
    const end = confirmed(of);
    const ends = [trials.length + 0.5, trials.length + confirmedAcross].map((across) => [across, end]);
    const label = { show: true, formatter: () => formatCount(end), position: `insideEnd${side}`, color };
    const coords = ends.map((coord) => ({ coord, label, lineStyle: { width: 0 } }));
    return {
      type: 'line',
      silent: true,
      name,
      step: 'end',
      symbol: 'none',
      color,
      // The legend shows the line alone.
      itemStyle: { opacity: 0 },
      lineStyle: { width: 1.6, type, color },
      data: [...trials.map((trial, index) => [index + 1, of(trial)]), ...(end === null ? [] : ends)],
      ...(end === null ? {} : { markLine: { silent: true, symbol: 'none', data: [coords] } }),
    };
  };
  return [
    line('highest that holds', { color: 'var(--pass)', type: 'solid', side: 'Bottom' }, lower),
    line('lowest that breaks', { color: 'var(--fail)', type: 'dashed', side: 'Top' }, upper),
  ];
}
