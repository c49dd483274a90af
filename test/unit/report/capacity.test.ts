import { expect, test } from 'vitest';
import { renderHtml } from '../../../src/report/html.ts';
import { normalizeReport } from '../../../src/report/json.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { capacityReport } from '../../fixtures/capacity-sample.ts';
import { passReport } from '../../fixtures/report-sample.ts';

const report = normalizeReport(capacityReport());

test('the page opens with the answer and holds both charts, the sizing and every trial, all escaped', () => {
  const html = renderHtml(report);
  expect(html).toMatch(/<h1>One replica carried 9,700 spans\/s, and not 10,000\.<\/h1>/);
  expect(html).toContain('id="capacity-trials"');
  for (const chart of ['latency', 'throughput', 'cpu']) expect(html).toContain(`id="capacity-${chart}"`);
  // On the first screen: what people ask of a plan, and replicas from 10 thousand to 10 million a second.
  const first = html.slice(0, html.indexOf('<nav'));
  expect(first).toContain('id="capacity-trials"');
  const breaks = 'p(99)&lt;50ms<small>for sure at 10,000/s, now and then below it</small>';
  expect(first).toContain(`<dt>What breaks first?</dt><dd>${breaks}`);
  expect(first).toContain('<dt>How many for 50,000 spans/s?</dt><dd>8 replicas');
  expect(first).toContain('<td class="num">10 M</td>');
  expect(first).toContain('<strong>155</strong>');
  expect(html).toContain('8, computed: max(8, 7, 3) &#x3D; 8; 8 carried 50,000/s in a trial of their own');
  expect(html).toContain('&lt;b&gt;p(99)&lt;/b&gt; was broken');
  expect(html).not.toContain('<b>p(99)');
  expect(renderHtml(normalizeReport(passReport()))).not.toContain('id="capacity"');
});

test('what broke is sure only where fresh trials said so', () => {
  const unsure = capacityReport();
  if (unsure.capacity !== undefined) unsure.capacity.kind = 'unknown';
  const html = renderHtml(normalizeReport(unsure));
  expect(html).toContain('<dd>p(99)&lt;50ms<small>at 10,000/s</small>');
});

test('report.md has the same, and the sizing table ends at ten million items per second', () => {
  const markdown = renderMarkdown(report);
  expect(markdown).toContain('- capacity: 9,700 to 10,000 spans/s');
  expect(markdown).toContain('| 1,000,000/s | 155 |');
  expect(markdown).toContain('| 10,000,000/s | ∞ |');
  expect(markdown).toContain('at least 0.55 of all do (95 %)');
  expect(markdown).toContain('- claimed: 10,000 spans/s for each replica: that does not hold');
  expect(markdown).toContain('| 3 | 20,000/s | 22,000/s | 69 % to 76 % |');
  expect(markdown).toContain('| 2 | 19,400/s |  | at least 100 % |');
  expect(markdown).toContain('| 1 | slow | 4,850/s | 5,200/s | 50 % to 53.6 % |');
  expect(markdown).toContain('| 3 | dead | 20,000/s |  | all of it |');
  expect(markdown).toContain('| load.spans.batch | 100 or 512 | 80 % | 75 % to 85 % | 512 |');
  expect(markdown).toContain('- settings that follow: load.spans.batch=512: at least 12,000 spans/s');
});
