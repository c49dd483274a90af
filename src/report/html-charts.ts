import { type Geometry, renderPanels } from './chart.ts';
import { envelope } from './downsample.ts';
import { formatNumber, formatSeconds } from './format.ts';
import { type Panel, type Timeline, timelineOf } from './panels.ts';
import { tableBelow } from './svg.ts';
import type { Report } from './types.ts';

/** Rows of the table behind a chart; every step is in report.json. */
const rowsMax = 120;
const columnsMax = 8;
/** Columns of a series that the page's script is given for hover, least and greatest of each. */
const hoverPoints = 250;

/** A chart as the template prints it: drawn twice, for wide and for narrow screens, with the table behind it. */
export interface ChartView {
  id: string;
  title: string;
  wide: string;
  narrow: string;
  /** For the script: where each drawing has its plots, as JSON for an attribute; empty without an axis of time. */
  geometryText: string;
  /** For the script: the points, as JSON that is safe inside a script element. */
  data: string;
  /** What a point is, short enough for the first screen. */
  caption: string;
  /** The rest of what there is to know, above the table behind the chart. */
  more: string;
  table: {
    first: string;
    names: string[];
    rows: { at: string; values: string[] }[];
    note: string;
    columnsLeftOut: number;
  };
}

const captionEnd = 'Shaded: faults, as observed. Grey line: end of the load.';
const more =
  'A gap is a step without data; ▲ is an infinite value (never answered). Where there are more points than pixels, the ' +
  'least and the greatest of each column are drawn. t = 0 is the start of the load.';

/** Rates, latency and queues, and apart from them what the members used. */
export function timelineViews(
  report: Report,
  /** Of the first screen; undefined: it stands further down, as wide as the page. */
  roomPx: number | undefined,
): { timeline: ChartView[]; resources: ChartView[] } {
  const timeline = timelineOf(report);
  const step = formatSeconds(report.timeline.stepS);
  return {
    timeline: panelsView(timeline, timeline.main, {
      id: 'timeline-chart',
      title: 'Timeline of rates, latency and queue',
      caption:
        `A step is ${step}; latency by when the request was due, queues as scraped. Dotted: SLO limits, over their ` +
        `windows. ${captionEnd}`,
      more: `Rates: offered when sent, acknowledged when answered, delivered when it arrived. ${more}`,
      wide:
        roomPx === undefined
          ? { widthPx: 1180, panelHeightPx: 84 }
          : { widthPx: 640, panelHeightPx: firstPanelPx(roomPx, timeline.main.length) },
    }),
    resources: panelsView(timeline, timeline.other, {
      id: 'resources-chart',
      title: 'Resources over time',
      caption:
        'A point is one sample. CPU is the mean since the sample before it; throttled is the share of the CPU periods in ' +
        `which the member had used up its quota. ${captionEnd}`,
      more: `${podCaption(report)}${more}`,
      wide: { widthPx: 1180, panelHeightPx: 110 },
    }),
  };
}

/** Kubelets look every 10 to 15 s as a rule, and squall every 5. */
function podCaption({ timeline }: Report): string {
  if (!timeline.series.some(({ name }) => name.startsWith('working set '))) return '';
  return (
    'Of pods, working set and throttled are as the kubelet counts them, and so is CPU where the collector does not tell ' +
    'it: over the time between two of its looks, at the time of the later one by the clock of its node. '
  );
}

/** However many panels there are; beside the plots each has a head, the last one its axis, and all have a caption. */
function firstPanelPx(roomPx: number, panels: number): number {
  return Math.max(24, Math.min(84, Math.floor((roomPx - 68) / Math.max(1, panels)) - 37));
}

/** One chart, or none where nothing has two points. */
function panelsView(
  timeline: Timeline,
  panels: Panel[],
  options: Pick<ChartView, 'id' | 'title' | 'caption' | 'more'> & {
    wide: { widthPx: number; panelHeightPx: number };
  },
): ChartView[] {
  if (panels.length === 0) return [];
  const { id, title } = options;
  const base = { title, description: describe(timeline, panels) };
  const wide = renderPanels(timeline, panels, { ...base, ...options.wide, id: `${id}-w`, narrow: false });
  const size = { widthPx: 360, panelHeightPx: 90, narrow: true };
  const narrow = renderPanels(timeline, panels, { ...base, ...size, id: `${id}-n` });
  return [
    {
      id,
      title,
      wide: wide.svg,
      narrow: narrow.svg,
      geometryText: JSON.stringify({ wide: wide.geometry, narrow: narrow.geometry }),
      data: chartData({
        panels: hoverPanels(panels, wide.geometry),
        bands: timeline.bands,
        settleFromS: timeline.settleFromS,
      }),
      caption: options.caption,
      more: options.more,
      table: tableOf(panels),
    },
  ];
}

/** Escaped so that no text in it ends the script element or begins another. */
export function chartData(data: object): string {
  return JSON.stringify(data).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function hoverPanels(panels: Panel[], geometry: Geometry): object[] {
  return panels.map((panel, i) => ({
    unit: panel.unit,
    steps: panel.steps,
    limits: panel.limits.map(({ fromS, toS, text }) => [fromS, toS, text]),
    series: panel.series.map((series, k) => ({
      name: series.name,
      mark: geometry.panels[i]?.series[k],
      points: envelope(series.points, hoverPoints).map(([at, value]) => [
        Number(at.toFixed(3)),
        value === null ? null : Number(value.toPrecision(5)),
      ]),
      infinite: series.infiniteAtS.slice(0, hoverPoints),
    })),
  }));
}

function describe(timeline: Timeline, panels: Panel[]): string {
  const what = panels.map(
    (panel) => `${panel.title} in ${panel.unit}: ${panel.series.map((s) => s.name).join(', ')}`,
  );
  const faults = timeline.bands.map(
    (band) => `${band.label} from ${formatSeconds(band.fromS)} to ${formatSeconds(band.toS)}`,
  );
  const ends = faults.length === 0 ? 'No faults.' : `Faults: ${faults.slice(0, 20).join('; ')}.`;
  return `${what.join('. ')}. ${ends} ${tableBelow}`;
}

function tableOf(panels: Panel[]): ChartView['table'] {
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
    first: 't',
    names: shown.map(({ series, unit }) => `${series.name}, ${unit}`),
    rows: times
      .filter((_, i) => i % every === 0)
      .map((at) => ({ at: formatSeconds(at), values: byTime.map((points) => formatNumber(points.get(at))) })),
    note: every === 1 ? '' : `every ${every}th step`,
    columnsLeftOut: columns.length - shown.length,
  };
}
