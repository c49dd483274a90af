import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closingLines } from '../../src/report/closing.ts';
import { envelope, type Point } from '../../src/report/downsample.ts';
import { formatAgainst } from '../../src/report/format.ts';
import { renderHtml } from '../../src/report/html.ts';
import { normalizeReport, stableJson } from '../../src/report/json.ts';
import { renderJunit } from '../../src/report/junit.ts';
import { markdownBytesMax, renderMarkdown } from '../../src/report/markdown.ts';
import type { Report } from '../../src/report/types.ts';
import { anyReport, hostileTexts } from '../fixtures/report-arbitrary.ts';
import { runs } from '../fixtures/runs.ts';
import { findAll, parseXml } from '../fixtures/xml.ts';

const paths = { report: 'reports/x/report.html', again: 'squall run x.yaml', faultsLeft: [] };

/** The page's one script, and the points of its charts: data that no browser runs, and without a `<`. */
function withoutOwnScripts(html: string): string {
  const script = html.lastIndexOf('<script>');
  return html.slice(0, script).replaceAll(/<script type="application\/json">[^<]*<\/script>/g, '');
}

/** The verdict that a CI reads from the cases alone. */
function junitVerdict(xml: string): string {
  const root = parseXml(xml);
  if (findAll(root, 'failure').length > 0) return 'fail';
  return findAll(root, 'error').length > 0 ? 'unknown' : 'pass';
}

test('forall reports: JSON, HTML, Markdown, JUnit, terminal and exit code say the same verdict', () => {
  fc.assert(
    fc.property(anyReport, (drawn: Report) => {
      // A chart says no verdict and takes nearly all of the time.
      const made: Report = { ...drawn, distribution: {}, timeline: { stepS: 1, series: [] } };
      const report = normalizeReport(made);
      const word = report.verdict.toUpperCase();
      const json = JSON.parse(stableJson(made)) as Report;
      expect([json.verdict, json.exitCode]).toEqual([made.verdict, made.exitCode]);
      const html = renderHtml(report);
      expect(/<div class="badge (\w+)">/.exec(html)?.[1]).toBe(report.verdict);
      expect(html).toContain(`</span> ${word}</div>`);
      expect(renderMarkdown(report)).toMatch(new RegExp(`^# . ${word}: `));
      const junit = junitVerdict(renderJunit(report));
      // An exit code above 2 is an error of the run's own case; a failed SLO beside it stays a failure.
      expect(junit).toBe(report.exitCode > 2 && report.verdict === 'pass' ? 'unknown' : report.verdict);
      expect(junit === 'pass').toBe(report.exitCode === 0);
      const lines = closingLines(report, paths);
      expect(
        lines[0]?.startsWith(`${{ pass: '✔', fail: '✘', unknown: '?' }[report.verdict]} ${word}  `),
      ).toBe(true);
      expect(lines.length).toBeLessThanOrEqual(15);
    }),
    { numRuns: runs(1000) },
  );
});

test('forall hostile texts in every place: no output holds them as markup', () => {
  fc.assert(
    fc.property(anyReport, (made: Report) => {
      const report = normalizeReport(made);
      const html = withoutOwnScripts(renderHtml(report));
      expect(html.replace(/<!doctype html>/, '')).not.toMatch(/<(?:script|img|iframe|x|b)\b|<svg on/i);
      const tags = html.match(/<[a-z][^>]*>/gi) ?? [];
      expect(tags.filter((tag) => /\son\w+=/i.test(tag.replace(/"[^"]*"/g, '""')))).toEqual([]);
      const markdown = renderMarkdown(report).replaceAll(
        /<\/?code>|`[a-z]+(?:\([\d.]+\))?[<>=!]+[\d.]+[a-z%]*`/g,
        '',
      );
      expect(markdown).not.toMatch(/<[a-z/!]|\]\(|https:\/\/example|`/i);
      expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(markdownBytesMax);
      for (const line of closingLines(report, paths)) expect(line).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
      for (const node of findAll(parseXml(renderJunit(report)), 'x')) expect(node).toBeUndefined();
    }),
    { numRuns: runs(40) },
  );
});

test('forall hostile texts as every name that a chart draws: no object of the process changes', () => {
  const names = [...hostileTexts, ...Object.getOwnPropertyNames(Object.prototype)];
  fc.assert(
    fc.property(anyReport, fc.constantFrom(...names), (made: Report, name) => {
      const before = Object.getOwnPropertyNames(Object.prototype).concat(Object.getOwnPropertyNames(Object));
      const html = renderHtml(
        normalizeReport({
          ...made,
          faults: made.faults.map((fault) => ({ ...fault, name })),
          timeline: {
            stepS: 1,
            series: made.timeline.series.map((series) => ({ ...series, name, unit: name })),
          },
        }),
      );
      expect(html).not.toContain('[object');
      expect(Object.getOwnPropertyNames(Object.prototype).concat(Object.getOwnPropertyNames(Object))).toEqual(
        before,
      );
    }),
    { numRuns: runs(40) },
  );
});

test('forall reports: what is read back from report.json renders to the same bytes', () => {
  fc.assert(
    fc.property(anyReport, (made: Report) => {
      const back = JSON.parse(stableJson(made)) as Report;
      expect(stableJson(back)).toBe(stableJson(made));
      expect(renderHtml(normalizeReport(back))).toBe(renderHtml(normalizeReport(made)));
    }),
    { numRuns: runs(15) },
  );
});

test('forall series: the envelope keeps minimum, maximum, gaps and the order of time, within two or three points a bucket', () => {
  const points = fc.array(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)), {
    maxLength: 500,
  });
  fc.assert(
    fc.property(points, fc.integer({ min: 1, max: 60 }), (values, buckets) => {
      const series = values.map((value, i): Point => [i, value]);
      const out = envelope(series, buckets);
      const finite = (all: Point[]) => all.flatMap(([, value]) => (value === null ? [] : [value]));
      expect(Math.max(...finite(out))).toBe(Math.max(...finite(series)));
      expect(Math.min(...finite(out))).toBe(Math.min(...finite(series)));
      expect(out.some(([, value]) => value === null)).toBe(series.some(([, value]) => value === null));
      expect(out.map(([at]) => at)).toEqual([...out.map(([at]) => at)].sort((a, b) => a - b));
      expect(out.length).toBeLessThanOrEqual(Math.max(3 * buckets, 2 * buckets));
    }),
    { numRuns: runs(500) },
  );
});

test('forall values and limits: the shown value stands on the same side of the limit as the true one', () => {
  const number = fc.oneof(
    fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    fc.integer({ min: 0, max: 2e6 }),
    fc.double({ min: 9.99, max: 10.01, noNaN: true }),
  );
  fc.assert(
    fc.property(number, fc.constantFrom(10, 50, 1, 9900, 0, 1000), (value, limit) => {
      const shown = Number(formatAgainst(value, limit).replaceAll(',', ''));
      expect(Math.sign(shown - limit)).toBe(Math.sign(value - limit));
    }),
    { numRuns: runs(2000) },
  );
});
