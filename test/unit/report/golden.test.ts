import { expect, test } from 'vitest';
import { closingLines } from '../../../src/report/closing.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { normalizeReport, stableJson } from '../../../src/report/json.ts';
import { renderJunit } from '../../../src/report/junit.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { samples } from '../../fixtures/report-sample.ts';

const paths = {
  report: 'reports/k3v9q2/report.html',
  again: 'squall run gateway-kill.yaml --seed 7',
  faultsLeft: [],
};

// Updated by `vitest -u` alone and reviewed as a diff.
for (const [name, make] of Object.entries(samples)) {
  const report = normalizeReport(make());
  const file = (kind: string) => `../../golden/${name}.${kind}`;

  test(`${name}: report.json is the golden file`, async () => {
    await expect(stableJson(report)).toMatchFileSnapshot(file('json'));
  });
  test(`${name}: report.md is the golden file`, async () => {
    await expect(renderMarkdown(report)).toMatchFileSnapshot(file('md'));
  });
  test(`${name}: junit.xml is the golden file`, async () => {
    await expect(renderJunit(report)).toMatchFileSnapshot(file('xml'));
  });
  test(`${name}: report.html is the golden file`, async () => {
    await expect(renderHtml(report)).toMatchFileSnapshot(file('html'));
  });
  test(`${name}: the closing lines are the golden file`, async () => {
    await expect(`${closingLines(report, paths).join('\n')}\n`).toMatchFileSnapshot(file('txt'));
  });
  test(`${name}: rendering again, and from report.json read back, gives the same bytes`, () => {
    const again = normalizeReport(JSON.parse(stableJson(report)));
    expect(stableJson(again)).toBe(stableJson(make()));
    expect(renderHtml(again)).toBe(renderHtml(report));
    expect(renderMarkdown(again)).toBe(renderMarkdown(report));
    expect(renderJunit(again)).toBe(renderJunit(report));
  });
}
