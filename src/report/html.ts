import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Handlebars from 'handlebars';
import { htmlView } from './html-view.ts';
import type { Report } from './types.ts';

const folder = new URL('../../reports/templates/', import.meta.url);
let compiled: ((view: Record<string, unknown>) => string) | undefined;

/**
 * report.html: one offline file, whole without scripts. Every text goes through Handlebars' escaping; the only raw
 * parts are the charts, whose text ECharts escapes, and JSON without `<` (both tested with hostile text). The policy
 * allows one script, by its hash, and no request.
 */
export function renderHtml(report: Report): string {
  compiled ??= compileTemplate('report.hbs');
  return compiled(htmlView(report));
}

/** A template of reports/templates with the page's style and script put in. */
export function compileTemplate(name: string): (view: Record<string, unknown>) => string {
  const template = Handlebars.create().compile(read(name), {
    strict: true,
    knownHelpersOnly: true,
    preventIndent: true,
  });
  const script = `${readClient()}\n${read('page.js')}`;
  const scriptHash = `sha256-${createHash('sha256').update(script).digest('base64')}`;
  const style = read('page.css');
  return (view) => template({ ...view, style, script, scriptHash });
}

/** ECharts' own client for charts that were drawn on a server (Apache-2.0), which knows a legend's click. */
function readClient(): string {
  const source = readFileSync(
    createRequire(import.meta.url).resolve('echarts/ssr/client/dist/index.js'),
    'utf8',
  );
  return source
    .replace(/^\s*\/\*(?!\s*\*\s*Licensed)[\s\S]*?\*\//gm, '')
    .replace(/\n\/\/# sourceMappingURL=.*/, '')
    .trim();
}

function read(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}
