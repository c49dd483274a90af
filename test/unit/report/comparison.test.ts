import { expect, test } from 'vitest';
import { closingLines } from '../../../src/report/closing.ts';
import { comparisonTerminalLines } from '../../../src/report/comparison.ts';
import type { ComparedMeasure, ComparisonReport } from '../../../src/report/comparison-types.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { renderJunit } from '../../../src/report/junit.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import type { Report } from '../../../src/report/types.ts';
import { passReport } from '../../fixtures/report-sample.ts';

function measure(name: string, more: Partial<ComparedMeasure> = {}): ComparedMeasure {
  return {
    ...{ name, unit: 'ms', better: 'less', baseline: 4, candidate: 4, change: 0, interval: [-0.01, 0.01] },
    ...{
      margin: 0.1,
      p: 0.5,
      observations: 24,
      needed: true,
      verdict: 'same',
      reason: 'no change above 10 %',
    },
    ...more,
  };
}

const comparison: ComparisonReport = {
  sentence: 'The candidate is worse in P95 (+50 %, 95 % interval +45 to +56 %).',
  baseline: [{ id: '<b>old', startedAt: '2026-01-01T00:00:00Z', verdict: 'pass', versions: {} }],
  candidate: [{ id: 'new', startedAt: '2026-01-02T00:00:00Z', verdict: 'pass', versions: {} }],
  design: 'stretches',
  level: 0.01,
  reasons: [],
  measures: [
    measure('rate'),
    measure('P99', { verdict: 'unknown', needed: false, reason: 'the noise hides it' }),
    measure('P95', { verdict: 'worse', candidate: 6, change: 0.5, interval: [0.45, 0.56], reason: 'worse' }),
  ],
};
const report: Report = {
  ...passReport(),
  verdict: 'fail',
  exitCode: 1,
  slos: [],
  findings: [{ code: 'REGRESSION', severity: 'fail', sentence: comparison.sentence, next: '' }],
  comparison,
};

test('every output opens with the same sentence and has the same figures, the worst first', () => {
  const paths = { report: 'x/report.html', again: 'squall compare a b', faultsLeft: [] };
  expect(closingLines(report, paths)[0]).toBe(`✘ FAIL  ${comparison.sentence}`);
  const lines = comparisonTerminalLines(comparison);
  expect(lines[0]).toMatch(/^✘ worse +P95 +4 ms -> 6 ms +\+50 % \(\+45 % to \+56 %\) +worse$/);
  expect(lines.map((line) => line.slice(0, 3))).toEqual(['✘ w', '? u', '✔ s']);
  const [markdown, html] = [renderMarkdown(report), renderHtml(report)];
  for (const page of [markdown, html]) {
    expect(page).toContain(comparison.sentence);
    expect(page).toContain('P99 (shown; fails only)');
    expect(page).toContain('+45 % to +56 %');
  }
  expect(html).toContain('<span class="word fail">✘ worse</span>');
  expect(html).toContain('&lt;b&gt;old');
  expect(html).not.toContain('<b>old');
});

test('JUnit has a case for each measure: what is only shown is no error', () => {
  const junit = renderJunit(report);
  expect(junit).toContain('tests="4" failures="1" errors="0"');
  expect(junit).toContain('type="regression" message="P95: worse"');
});

test('runs that cannot be compared: no statistic is claimed', () => {
  const apart = { ...comparison, measures: [], reasons: ['run new has another load'] };
  const page = renderMarkdown({ ...report, verdict: 'unknown', exitCode: 2, comparison: apart });
  expect(page).toContain('not comparable: run new has another load');
  expect(page).not.toContain('false alarms');
});
