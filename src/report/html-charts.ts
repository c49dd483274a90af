import { renderPanels } from './chart.ts';
import { formatNumber, formatSeconds } from './format.ts';
import { type Panel, type Timeline, timelineOf } from './panels.ts';
import type { Report } from './types.ts';

/** Rows of the table behind a chart; every step is in report.json. */
const rowsMax = 120;
const columnsMax = 8;

const captionEnd =
  'A gap is a step without data; ▲ is an infinite value (never answered). ' +
  'Where there are more points than pixels, the least and the greatest of each column are drawn. ' +
  'Shaded: faults as observed. Grey upright line: end of the load. t = 0: its start.';

/** The timeline twice, for wide and for narrow screens, and the table of the same points. */
export function chartViews(report: Report): Record<string, unknown> {
  const timeline = timelineOf(report);
  return {
    timeline: chartView(report, timeline, timeline.main, {
      id: 'timeline',
      title: 'Timeline of rates, latency and queue',
      caption: (step) =>
        `Each step is ${step}: items offered by when they were sent, ` +
        'acknowledged by when they were answered, delivered by when they arrived; latency by when the request was due; queues as scraped.',
      // The first screen has room for some 400 px of chart, however many panels there are.
      wide: {
        widthPx: 640,
        panelHeightPx: Math.max(44, Math.min(96, Math.floor(390 / (timeline.main.length || 1)) - 34)),
      },
    }),
    resources: chartView(report, timeline, timeline.other, {
      id: 'resources',
      title: 'Resources over time',
      caption: () => 'A point is one sample.',
      wide: { widthPx: 1180, panelHeightPx: 110 },
    }),
  };
}

function chartView(
  report: Report,
  timeline: Timeline,
  panels: Panel[],
  options: {
    id: string;
    title: string;
    caption: (step: string) => string;
    wide: { widthPx: number; panelHeightPx: number };
  },
): Record<string, unknown> {
  if (panels.length === 0) return { present: false };
  const description = describe(timeline, panels);
  const base = { title: options.title, description };
  const step = formatSeconds(report.timeline.stepS);
  return {
    present: true,
    wide: renderPanels(timeline, panels, { ...base, ...options.wide, id: `${options.id}-w`, narrow: false }),
    narrow: renderPanels(timeline, panels, {
      ...base,
      id: `${options.id}-n`,
      widthPx: 360,
      panelHeightPx: 90,
      narrow: true,
    }),
    caption: `${options.caption(step)} ${captionEnd}`,
    table: tableOf(panels),
  };
}

function describe(timeline: Timeline, panels: Panel[]): string {
  const what = panels.map(
    (panel) => `${panel.title} in ${panel.unit}: ${panel.series.map((s) => s.name).join(', ')}`,
  );
  const faults = timeline.bands.map(
    (band) => `${band.label} from ${formatSeconds(band.fromS)} to ${formatSeconds(band.toS)}`,
  );
  const ends = faults.length === 0 ? 'No faults.' : `Faults: ${faults.join('; ')}.`;
  return `${what.join('. ')}. ${ends} The same numbers stand in the table below the chart.`;
}

function tableOf(panels: Panel[]): Record<string, unknown> {
  const columns = panels.flatMap((panel) => panel.series.map((series) => ({ series, unit: panel.unit })));
  const shown = columns.slice(0, columnsMax);
  const byTime = shown.map(({ series }) => {
    const infinite = new Set(series.infiniteAtS);
    return new Map(
      series.points.map(([at, value]) => [at, infinite.has(at) ? ('Infinity' as const) : value]),
    );
  });
  const times = [...new Set(byTime.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  const every = Math.max(1, Math.ceil(times.length / rowsMax));
  return {
    names: shown.map(({ series, unit }) => `${series.name}, ${unit}`),
    rows: times
      .filter((_, i) => i % every === 0)
      .map((at) => ({ at: formatSeconds(at), values: byTime.map((points) => formatNumber(points.get(at))) })),
    note: every === 1 ? '' : `every ${every}th step`,
    columnsLeftOut: columns.length - shown.length,
  };
}
