import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { htmlView } from './html-view.ts';
import type { Report } from './types.ts';

const file = new URL('../../reports/templates/report.hbs', import.meta.url);
let compiled: ((view: Record<string, unknown>) => string) | undefined;

/**
 * report.html: one offline file without scripts. Every text goes through Handlebars' escaping; the
 * only raw parts are the charts, whose text ECharts escapes (tested with hostile text).
 */
export function renderHtml(report: Report): string {
  compiled ??= Handlebars.create().compile(readFileSync(file, 'utf8'), {
    strict: true,
    knownHelpersOnly: true,
    preventIndent: true,
  });
  return compiled(htmlView(report));
}
