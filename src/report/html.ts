import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { htmlView } from './html-view.ts';
import type { Report } from './types.ts';

const template = new URL('../../reports/templates/report.hbs', import.meta.url);

/**
 * report.html: one offline file without scripts. Every text goes through Handlebars' escaping; the only raw parts are
 * the charts, whose text ECharts escapes (tested with hostile text).
 */
export function renderHtml(report: Report): string {
  const handlebars = Handlebars.create();
  const render = handlebars.compile(readFileSync(template, 'utf8'), {
    strict: true,
    knownHelpersOnly: true,
    preventIndent: true,
  });
  return render(htmlView(report));
}
