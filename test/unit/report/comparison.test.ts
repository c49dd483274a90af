import { expect, test } from 'vitest';
import { closingLines } from '../../../src/report/closing.ts';
import { comparisonTerminalLines } from '../../../src/report/comparison.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { renderJunit } from '../../../src/report/junit.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { comparison, comparisonReport } from '../../fixtures/comparison-sample.ts';

const report = comparisonReport();

test('every output opens with the same sentence and has the same figures, the worst first', () => {
  const paths = { report: 'x/report.html', again: 'squall compare a b', faultsLeft: [] };
  expect(closingLines(report, paths)[0]).toBe(`✘ FAIL  ${comparison.sentence}`);
  const lines = comparisonTerminalLines(comparison);
  expect(lines[0]).toMatch(/^✘ worse +P95 +4 ms -> 6 ms +\+50 % \(\+45 % to \+56 %\) +worse$/);
  expect(lines.map((line) => line[0]).join('')).toBe('✘??✔✔✔');
  const [markdown, html] = [renderMarkdown(report), renderHtml(report)];
  for (const page of [markdown, html]) {
    expect(page).toContain(comparison.sentence);
    expect(page).toContain('P99 (not required)');
    expect(page).toContain('+45 % to +56 %');
  }
  expect(html).toContain('<span class="word fail">✘ worse</span>');
  // On the first screen, and drawn: every change that there is, and no count without one.
  expect(html).toMatch(/What was compared.*✘ worse.*id="comparison-chart".*<nav/s);
  expect(html).toContain('What got worse?</dt><dd>P95: +50 %<small>not known: memory of the members, peak');
  expect(html).toContain('5 measures: ');
  expect(html).toContain('&lt;b&gt;old');
  expect(html).not.toContain('<b>old');
});

test('JUnit has a case for each measure: what is only shown is no error', () => {
  const junit = renderJunit(report);
  expect(junit).toContain('tests="7" failures="1" errors="1"');
  expect(junit).toContain('type="regression" message="P95: worse"');
});

test('runs that cannot be compared: no statistic is claimed', () => {
  const apart = { ...comparison, measures: [], reasons: ['run new has another load'] };
  const page = renderMarkdown({ ...report, verdict: 'unknown', exitCode: 2, comparison: apart });
  expect(page).toContain('not comparable: run new has another load');
  expect(page).not.toContain('false alarms');
});
