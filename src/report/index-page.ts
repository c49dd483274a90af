import { medianSorted } from 'simple-statistics';
import { anchorOf } from './anchor.ts';
import { formatCount, formatNumber, formatUnit } from './format.ts';
import { compileTemplate } from './html.ts';
import type { IndexEntry } from './index-entry.ts';
import { verdictSymbol } from './sentences.ts';
import { renderTrend } from './trend-chart.ts';

/** More runs of a scenario than this are in their folders; the page says how many. */
const runsMax = 200;
/** Points that a trend can show as more than a smear. */
const trendMax = 60;
/** Rows that stand open; older ones are folded away. */
const openMax = 20;
/** Short enough to stand on one line. */
const keepCharsMax = 32;

/** index.html: runs by scenario, newest first, with the trend of the headline figures; offline as the reports are. */
export function renderIndex(entries: readonly IndexEntry[], unreadable: readonly string[]): string {
  const groups = new Map<string, IndexEntry[]>();
  for (const entry of entries) groups.set(entry.scenario, [...(groups.get(entry.scenario) ?? []), entry]);
  const newest = (of: IndexEntry[]) =>
    of
      .map(({ startedAt }) => startedAt)
      .sort()
      .at(-1) ?? '';
  const scenarios = [...groups.entries()].sort(([, a], [, b]) => (newest(a) < newest(b) ? 1 : -1));
  const count = (word: IndexEntry['verdict']) => entries.filter(({ verdict }) => verdict === word).length;
  return compileTemplate('index.hbs')({
    title: 'squall runs',
    total: formatUnit(entries.length, 'runs'),
    pass: formatCount(count('pass')),
    fail: formatCount(count('fail')),
    unknown: formatCount(count('unknown')),
    scenarios: scenarios.map(([name, of], i) => scenarioView(name, of, i + 1)),
    unreadable: unreadable.slice(0, runsMax),
  });
}

function scenarioView(name: string, of: IndexEntry[], number: number): Record<string, unknown> {
  const oldestFirst = [...of].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
  const shown = oldestFirst.slice(-trendMax);
  const id = anchorOf('scenario', number, name);
  const title = `Trend of ${name}`;
  const description =
    'P95 latency, acknowledged rate and lost items of each run, oldest first. The numbers stand in the table below.';
  const draw = (kind: string, size: { widthPx: number; panelHeightPx: number }) =>
    renderTrend(shown, size, { id: `${id}-${kind}`, title, description });
  const runs = oldestFirst.slice(-runsMax).reverse().map(runView);
  return {
    id,
    name,
    ...overview(oldestFirst),
    // A line needs two points.
    trend:
      shown.length < 2
        ? []
        : [
            {
              id: `${id}-trend`,
              title,
              newest:
                shown.length < of.length
                  ? `The newest ${shown.length} of ${formatCount(of.length)} runs.`
                  : '',
              wide: draw('w', { widthPx: 1180, panelHeightPx: 80 }),
              narrow: draw('n', { widthPx: 360, panelHeightPx: 70 }),
            },
          ],
    runs: runs.slice(0, openMax),
    olderRuns: runs.slice(openMax),
    leftOut: Math.max(0, of.length - runsMax),
  };
}

/** How the newest run stands to the ones before it. */
function overview(oldestFirst: readonly IndexEntry[]): Record<string, unknown> {
  const before = oldestFirst.slice(0, -1);
  const newest = oldestFirst.at(-1);
  const count = (word: IndexEntry['verdict']) => oldestFirst.filter(({ verdict }) => verdict === word).length;
  const beside = (read: (entry: IndexEntry) => number | 'Infinity' | null) => {
    const known = before.map(read).filter((value) => typeof value === 'number');
    if (known.length === 0) return '';
    return `median before ${formatNumber(medianSorted(known.toSorted((a, b) => a - b)))}`;
  };
  const part = (word: IndexEntry['verdict']) => (count(word) === 0 ? [] : [`${count(word)} ${word}`]);
  return {
    newest: newest === undefined ? undefined : runView(newest),
    count: formatCount(oldestFirst.length),
    counts: [...part('pass'), ...part('fail'), ...part('unknown')].join(', '),
    p95Before: beside(({ p95Ms }) => p95Ms),
    rateBefore: beside(({ acknowledgedPerS }) => acknowledgedPerS),
    lostBefore: beside(({ lost }) => lost),
  };
}

function runView(entry: IndexEntry): Record<string, unknown> {
  return {
    css: entry.verdict,
    word: entry.verdict.toUpperCase(),
    symbol: verdictSymbol[entry.verdict],
    id: entry.id,
    idShort: entry.id.length <= keepCharsMax,
    href: `${entry.folder.toWellFormed().split('/').map(encodeURIComponent).join('/')}/report.html`,
    startedAt: entry.startedAt.slice(0, 19).replace('T', ' '),
    target: entry.target,
    p95: formatNumber(entry.p95Ms),
    p99: formatNumber(entry.p99Ms),
    rate: formatNumber(entry.acknowledgedPerS, 6),
    lost: formatCount(entry.lost),
    sentence: entry.sentence,
  };
}
