import { HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  VisualMapPiecewiseComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeXml } from './xml.ts';

export interface SvgNames {
  /** Prefix of the ids inside the SVG; unique within the page. */
  id: string;
  title: string;
  description: string;
}

export interface SvgSize {
  widthPx: number;
  heightPx: number;
}

/** The end of every chart's description. */
export const tableBelow = 'The same numbers stand in the table below the chart.';

/** The colour of axes, ticks and legends. */
export const ink = 'var(--ink-2)';

/** Verdicts differ by shape as well as by colour. */
export const verdictMarks = {
  pass: { symbol: 'circle', color: 'var(--pass)' },
  fail: { symbol: 'triangle', color: 'var(--fail)' },
  unknown: { symbol: 'diamond', color: 'var(--unknown)' },
} as const;

/** Legend of lines: the line alone, with its dashes, as it is drawn without symbols. */
export const lineLegend = {
  padding: 0,
  itemGap: 16,
  itemWidth: 22,
  itemHeight: 10,
  itemStyle: { opacity: 0 },
  textStyle: { fontSize: 11, color: ink },
};

/** Draws on the server: the SVG is whole before any script runs. */
export function drawSvg(option: object, { widthPx, heightPx }: SvgSize, names: SvgNames): string {
  use([
    HeatmapChart,
    LineChart,
    ScatterChart,
    GridComponent,
    LegendComponent,
    MarkAreaComponent,
    MarkLineComponent,
    TitleComponent,
    VisualMapPiecewiseComponent,
    SVGRenderer,
  ]);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: widthPx, height: heightPx });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...option });
    return cleanSvg(chart.renderToSVGString(), names);
  } finally {
    chart.dispose();
  }
}

/**
 * A colour that says which series or axis it colours, as ECharts names none of its elements: the second part becomes
 * an attribute that the page's script finds.
 */
export function marked(color: string, mark: string): string {
  return `var(${color},${mark})`;
}

/**
 * Takes out what depends on how many charts this process drew before (class names, ids) and on a
 * pointer (hover styles), so that the same report gives the same bytes; adds the accessible name.
 */
export function cleanSvg(svg: string, { id, title, description }: SvgNames): string {
  const body = svg
    .replace(/<style ?>[\s\S]*?<\/style>/g, '')
    .replace(/<path[^>]*ecmeta_ssr_type="legend"[^>]*>/g, (legend) => legend.replaceAll('ecmeta', 'keep'))
    .replace(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*")/g, '')
    .replace(/<path(?![^>]*keep_ssr_type)[^>]*>/g, (path) => path.replace(' pointer-events="visible"', ''))
    .replace(/keep_(series_index|data_index|ssr_type)/g, 'ecmeta_$1')
    .replace(/ (stroke|fill)="var\((--[a-z0-9-]+),([a-z]\d*)\)"/g, ' $1="var($2)" data-mark="$3"')
    .replace(/(id="|url\(#)zr\d+-/g, `$1${id}-`)
    .replaceAll('font-family:inherit;', '')
    .replace(/\n\s*\n/g, '\n');
  const viewBox = /viewBox="[^"]*"/.exec(svg)?.[0] ?? '';
  const inner = joinCells(body.slice(body.indexOf('>') + 1));
  const names =
    `<title id="${id}-t">${escapeXml(title)}</title>` + `<desc id="${id}-d">${escapeXml(description)}</desc>`;
  const labels = `aria-labelledby="${id}-t" aria-describedby="${id}-d"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${viewBox} role="img" ${labels}>${names}${inner}`;
}

/** Cells of a heat map with one colour as one path: a third of the bytes. */
function joinCells(svg: string): string {
  const cell = /<path d="([^"]*)" fill="(var\(--heat-\d\))"><\/path>\n?/g;
  const byFill = new Map<string, string>();
  const rest = svg.replace(cell, (_, d: string, fill: string) => {
    byFill.set(fill, `${byFill.get(fill) ?? ''}${d}`);
    return '';
  });
  const joined = [...byFill].map(([fill, d]) => `<path d="${d}" fill="${fill}"></path>\n`).join('');
  return rest.replace('</svg>', `${joined}</svg>`);
}
