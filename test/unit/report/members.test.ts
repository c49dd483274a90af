import { expect, test } from 'vitest';
import { closingLines } from '../../../src/report/closing.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import type { Balance, MemberItems } from '../../../src/report/types.ts';
import { failReport, passReport } from '../../fixtures/report-sample.ts';

const paths = { report: 'reports/x/report.html', again: 'squall run x.yaml', faultsLeft: [] };

function items(name: string, acknowledged: number, more: Partial<MemberItems> = {}): MemberItems {
  const counts = { requests: 10, offered: acknowledged, rejected: 0, refused: 0, unknown: 0 };
  return { name, addresses: [`${name}:4317`], standsFor: [], ...counts, acknowledged, share: null, ...more };
}

const balance: Balance = {
  members: [items('<b>a', 7_500, { share: 0.75 }), items('b', 2_500, { share: 0.25 })],
  notCarried: { requests: 3, items: 30 },
  imbalance: 0.5,
  reason: 'b took 2,500 of 10,000 acknowledged items, 50 % less than an even share',
};

test('terminal, Markdown and page have the same figures and words', () => {
  const report = { ...passReport(), balance };
  const lines = closingLines(report, paths);
  expect(lines).toContain('members  <b>a 7,500 acknowledged (75 %), b 2,500 acknowledged (25 %)');
  const markdown = renderMarkdown(report);
  expect(markdown).toContain('## Items per member');
  expect(markdown).toMatch(/\| b:4317 \| 10 \| 2,500 \| 2,500 \| 25 % \|/);
  const html = renderHtml(report);
  expect(html).toContain('<td>&lt;b&gt;a</td>');
  expect(html).not.toContain('<b>a');
  for (const page of [markdown, html]) {
    expect(page).toContain(`Outside faults: ${balance.reason}.`);
    expect(page).toContain('none: no connection was open');
  }
});

test('one address for several members is said to be that', () => {
  const members = [items('gateway', 10, { standsFor: ['x', 'y', 'z'] })];
  const reason = 'gateway is one address for 3 members: which of them answered is not known';
  const report = { ...passReport(), balance: { ...balance, members, imbalance: null, reason } };
  expect(renderMarkdown(report)).toContain('gateway (one address for 3 of them)');
  expect(renderHtml(report)).toContain(`How even the load was is not known: ${reason}.`);
  expect(closingLines(report, paths).filter((line) => line.startsWith('members'))).toEqual([]);
});

test('without a balance there is no section; in a full terminal no line', () => {
  expect(renderMarkdown(passReport())).not.toContain('Items per member');
  expect(renderHtml(passReport())).not.toContain('id="members"');
  const report = failReport();
  const [counts, slo] = [report.ledger.traces, report.slos[2]];
  if (counts === undefined || slo === undefined) throw new Error('the sample lost its parts');
  const slos = Array.from({ length: 40 }, () => slo);
  const crowded = { ...report, slos, balance, ledger: { traces: counts, metrics: counts, logs: counts } };
  expect(closingLines(crowded, paths)).toHaveLength(15);
  expect(closingLines(crowded, paths).filter((line) => line.startsWith('members'))).toEqual([]);
});
