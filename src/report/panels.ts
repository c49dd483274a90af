import { signals } from '../base/signal.ts';
import { type Point, splitInfinite } from './downsample.ts';
import { oneLine } from './format.ts';
import { percentileOf, thresholdLimit } from './slo-words.ts';
import type { Report, TimelineSeries } from './types.ts';

/** One strip of the timeline: series of one unit over the shared time axis. */
export interface Panel {
  title: string;
  unit: string;
  /** Series that the panel has no room for. */
  leftOut: number;
  series: { name: string; points: Point[]; infiniteAtS: number[] }[];
  /** SLOs on what is drawn, each over the window in which it holds. */
  limits: { text: string; value: number; fromS: number; toS: number }[];
  /** Latencies: from a fraction of a millisecond to minutes. */
  log: boolean;
  /** A value stands for the step that begins at its time (rates, latencies), not for an instant (gauges). */
  steps: boolean;
}

export interface Band {
  label: string;
  fromS: number;
  /** Equal to fromS for what happens at an instant. */
  toS: number;
}

export interface Timeline {
  endS: number;
  bands: Band[];
  /** From here on no load, only waiting for the target to drain. */
  settleFromS: number;
  /** Rates, latencies and queues: what the first screen shows. */
  main: Panel[];
  /** Everything else, such as CPU and memory. */
  other: Panel[];
}

const mainOrder = ['rates', ...signals.map((signal) => `rates ${signal}`), 'latency', 'queues'];

export function timelineOf(report: Report): Timeline {
  const groups = new Map<string, TimelineSeries[]>();
  for (const series of report.timeline.series) {
    // A line needs two points; one is in the table.
    if (series.points.filter(([, value]) => value !== null).length < 2) continue;
    const key = groupOf(series);
    groups.set(key, [...(groups.get(key) ?? []), series]);
  }
  const last = report.timeline.series.flatMap((series) => series.points.map(([at]) => at));
  const ends = [report.settle.fromS, report.settle.toS, ...report.windows.map((w) => w.toS)];
  const endS = [...last, ...ends].reduce((max, at) => (Number.isFinite(at) && at > max ? at : max), 1);
  const panels = [...groups.entries()].map(([key, group]) => {
    const limits = key === 'latency' ? latencyLimits(report, group, endS) : [];
    return { key, panel: panelOf(key, group, limits) };
  });
  const rank = (key: string) => mainOrder.indexOf(key);
  const main = panels.filter(({ key }) => rank(key) >= 0).sort((a, b) => rank(a.key) - rank(b.key));
  return {
    endS,
    bands: bandsOf(report),
    settleFromS: report.settle.fromS,
    main: main.map(({ panel }) => panel),
    other: panels.filter(({ key }) => rank(key) < 0).map(({ panel }) => panel),
  };
}

function groupOf(series: TimelineSeries): string {
  if (/queue/i.test(series.name)) return 'queues';
  if (series.unit === 'items/s') {
    const signal = signals.find((one) => series.name.endsWith(` ${one}`));
    return signal === undefined ? 'rates' : `rates ${signal}`;
  }
  if (series.unit === 'ms') return 'latency';
  return `unit ${series.unit}`;
}

const titles = new Map<string, string>([
  ['rates', 'Rate'],
  ...signals.map((signal): [string, string] => [`rates ${signal}`, `Rate of ${signal}`]),
  ['latency', 'Latency'],
  ['queues', 'Queue'],
]);
const unitTitles = new Map([
  ['cores', 'CPU'],
  ['bytes', 'Memory'],
  ['MiB', 'Memory'],
  ['% of CPU periods', 'Throttled'],
  ['endpoints', 'Ready endpoints'],
  ['pods', 'Pods'],
]);
/** Of a value that stands until the next one. */
const levelUnits = ['endpoints', 'pods'];
const seriesMax = 12;

function panelOf(key: string, group: TimelineSeries[], limits: Panel['limits']): Panel {
  const unit = group[0]?.unit ?? '';
  const series = busiest(group)
    .slice(0, seriesMax)
    .map(({ name, points }) => ({ name: shortName(name, key), ...splitInfinite(points) }));
  return {
    title: titles.get(key) ?? unitTitles.get(unit) ?? chartText(unit, 30),
    leftOut: Math.max(0, group.length - seriesMax),
    unit: chartText(unit, 30),
    series: series.map(({ name, finite, infiniteAtS }) => ({ name, points: finite, infiniteAtS })),
    limits,
    log: key === 'latency',
    steps: key === 'latency' || key.startsWith('rates') || levelUnits.includes(unit),
  };
}

/** Of more than fit one panel, those with the highest peaks, in the order they came. */
function busiest(group: TimelineSeries[]): TimelineSeries[] {
  if (group.length <= seriesMax) return group;
  const peak = ({ points }: TimelineSeries) =>
    points.reduce((max, [, value]) => Math.max(max, value ?? 0), 0);
  const kept = new Set([...group].sort((a, b) => peak(b) - peak(a)).slice(0, seriesMax));
  return group.filter((series) => kept.has(series));
}

/** "offered traces" is "offered" under the title "Rate of traces", "P95 ack traces" is "P95 traces". */
function shortName(name: string, key: string): string {
  if (key === 'latency') return chartText(name.replace(/^(P[\d.]+) ack /, '$1 '), 60);
  const signal = signals.find((one) => key === `rates ${one}`);
  return chartText(signal === undefined ? name : name.slice(0, -signal.length - 1), 60);
}

/** Those on a percentile that is drawn: beside another one a limit would seem broken or held where it is not. */
function latencyLimits(report: Report, group: TimelineSeries[], endS: number): Panel['limits'] {
  const isOneSignal = new Set(group.map(({ name }) => name.split(' ').at(-1))).size === 1;
  return report.slos.flatMap((slo) => {
    const limit = thresholdLimit(slo);
    const percentile = percentileOf(slo);
    const drawn = group.some(({ name }) => name.startsWith(`P${percentile} ack`));
    if (slo.measure?.startsWith('ack_duration') !== true || !drawn || limit === undefined) return [];
    const window = report.windows.find(({ name }) => name === slo.window);
    const fromS = Math.max(0, window?.fromS ?? 0);
    const toS = Math.min(endS, window?.toS ?? endS);
    const signal = isOneSignal ? undefined : /signal:(\w+)/.exec(slo.measure)?.[1];
    const text = chartText(signal === undefined ? slo.threshold : `${slo.threshold} ${signal}`, 40);
    return fromS < toS ? [{ text, value: limit, fromS, toS }] : [];
  });
}

function bandsOf(report: Report): Band[] {
  return report.faults.flatMap((fault) => {
    const fromS = fault.observed.injectedS ?? fault.intended.startS;
    const end = fault.observed.recoveredS ?? fault.intended.endS ?? fromS;
    // Of a drill that was stopped before it, the time is the latest that it might have begun.
    if (!Number.isFinite(fromS) || fromS > report.run.durationS) return [];
    const toS = Number.isFinite(end) ? Math.max(end, fromS) : fromS;
    const seen = fault.observed.injectedS === null ? ' (not seen)' : '';
    return [{ label: chartText(`${oneLine(fault.name, 30)}${seen}`, 60), fromS, toS }];
  });
}

/**
 * Text that a chart may draw. ECharts keeps the widths of texts in a plain object under the text
 * itself, so that a text such as __proto__ would change the prototype of every object of the process;
 * a no-break space parts them.
 */
export function chartText(text: string, charsMax: number): string {
  const line = oneLine(text, charsMax);
  return line in Object.prototype ? `${line}\u00a0` : line;
}
