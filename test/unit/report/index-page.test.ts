import { expect, test } from 'vitest';
import { type IndexEntry, indexEntry } from '../../../src/report/index-entry.ts';
import { renderIndex } from '../../../src/report/index-page.ts';
import { normalizeReport } from '../../../src/report/json.ts';
import { passReport } from '../../fixtures/report-sample.ts';

/** Run k is of day k; its P95 is k ms. */
function runs(count: number, more: Partial<IndexEntry> = {}): IndexEntry[] {
  const entry = indexEntry(normalizeReport(passReport()), 'folder');
  return Array.from({ length: count }, (_, k) => ({
    ...entry,
    id: `run-${k}`,
    folder: `run-${k}`,
    p95Ms: k,
    startedAt: new Date(Date.UTC(2026, 0, 1 + k)).toISOString(),
    ...more,
  }));
}

const countOf = (page: string, part: string) => page.split(part).length - 1;

test('one run: no trend and no word of a median, but its row', () => {
  const page = renderIndex(runs(1), []);
  expect(page).toContain('<h1>1 run: 1 passed, 0 failed, 0 unknown</h1>');
  expect(page).toContain('A trend needs two runs.');
  expect(countOf(page, '<svg')).toBe(0);
  expect(page).not.toContain('median');
  expect(countOf(page, 'href="run-0/report.html"')).toBe(2);
});

test('200 runs: the newest stand open, the others folded, and a trend of the newest 60', () => {
  const page = renderIndex(runs(200), []);
  const [open = '', folded = ''] = page.split('<summary>180 older runs</summary>');
  expect(countOf(page, '>run-')).toBe(200);
  expect(countOf(open, '>run-')).toBe(20);
  expect(open.indexOf('>run-199<')).toBeLessThan(open.indexOf('>run-198<'));
  expect(folded).toContain('>run-0<');
  expect(page).toContain('The newest 60 of 200 runs.');
  // Of 0 to 198.
  expect(page).toContain('199<small>median before 99</small>');
  expect(countOf(page, 'fill="var(--pass)"')).toBeGreaterThanOrEqual(2 * 3 * 60);
  expect(Buffer.byteLength(page)).toBeLessThan(1e6);
});

test('scenarios stand with the newest run first, and what is not known is no number', () => {
  const old = runs(2, { scenario: 'old' });
  const young = runs(1, {
    scenario: 'young',
    startedAt: '2026-06-01T00:00:00.000Z',
    lost: null,
    verdict: 'unknown',
  });
  const page = renderIndex([...old, ...young], ['broken <b>']);
  expect(page.indexOf('>young<')).toBeLessThan(page.indexOf('>old<'));
  expect(page).toContain('3 runs: 2 passed, 0 failed, 1 unknown');
  expect(page).toContain('>no data<small></small>');
  expect(page).toContain('broken &lt;b&gt;');
});
