import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import { normalizeReport } from '../../src/report/json.ts';
import { markdownBytesMax, renderMarkdown } from '../../src/report/markdown.ts';
import type { HeatMap, Report } from '../../src/report/types.ts';
import { launchBrowser, noBrowser, whySkipped, withPage } from '../fixtures/page.ts';
import { failReport } from '../fixtures/report-sample.ts';

type Points = [number, number | null][];

/** Rates, latency and a queue at steps of `stepS`. */
function timeline(endS: number, stepS: number): Report['timeline'] {
  const points = (value: (at: number) => number): Points =>
    Array.from({ length: Math.ceil(endS / stepS) }, (_, i) => [i * stepS, value(i * stepS)]);
  return {
    stepS,
    series: [
      { name: 'offered traces', unit: 'items/s', points: points((at) => 1e4 + Math.sin(at * at)) },
      { name: 'delivered traces', unit: 'items/s', points: points((at) => 9_990 + 50 * Math.sin(at * 7)) },
      { name: 'P99 ack traces', unit: 'ms', points: points((at) => 5 + 3 * Math.sin(at * 3)) },
      { name: 'queue size collector-0', unit: 'batches', points: points((at) => Math.abs(9 * Math.sin(at))) },
    ],
  };
}

/** A heat map with a request in every cell: the most that a page can be asked to draw. */
function fullHeat(stepS: number): HeatMap {
  const fromMs = Array.from({ length: 25 }, (_, r) => 10 ** ((r - 4) / 4));
  const cells = Array.from({ length: 60 * 25 }, (_, i): HeatMap['cells'][number] => [
    Math.floor(i / 25),
    i % 25,
    1 + ((i * i) % 900),
  ]);
  return { stepS, fromMs, cells, unanswered: [[3, 7]] };
}

function during(endS: number, stepS: number): Report {
  const base = failReport();
  const [kill] = base.faults;
  if (kill === undefined) throw new Error('the sample lost its fault');
  const heat = { ack: fullHeat(Math.max(1, endS / 60)), send: fullHeat(Math.max(1, endS / 60)) };
  const of = base.distribution?.traces;
  return {
    ...base,
    run: { ...base.run, durationS: endS },
    faults: [{ ...kill, observed: { injectedS: endS / 3, recoveredS: endS / 2 } }],
    windows: [{ name: 'run', fromS: 0, toS: endS }],
    settle: { ...base.settle, fromS: endS * 0.99, toS: endS },
    distribution: of === undefined ? {} : { traces: { ...of, heat } },
    timeline: timeline(endS, stepS),
  };
}

function withFaults(count: number): Report {
  const base = during(2000, 1);
  const [kill] = base.faults;
  if (kill === undefined) throw new Error('the sample lost its fault');
  const faults = Array.from({ length: count }, (_, i) => ({
    ...kill,
    name: `fault-${i}`,
    observed: { injectedS: 5 + i * 9.5, recoveredS: 8 + i * 9.5 },
  }));
  return { ...base, faults };
}

function withMembers(count: number): Report {
  const base = during(600, 1);
  const names = Array.from({ length: count }, (_, i) => `collector-with-a-long-name-${i}`);
  const points = (k: number): Points => Array.from({ length: 600 }, (_, i) => [i, 1 + Math.sin(i * k)]);
  const of = (name: string, unit: string) =>
    names.map((member, k) => ({ name: `${name} ${member}`, unit, points: points(k + 1) }));
  return {
    ...base,
    run: { ...base.run, members: names.map((name) => ({ name, version: '0.161.0', starts: 1 })) },
    faults: base.faults.map((fault) => ({ ...fault, members: names })),
    timeline: {
      stepS: 1,
      series: [
        ...base.timeline.series,
        ...of('queue size', 'batches'),
        ...of('CPU', 'cores'),
        ...of('RSS', 'bytes'),
      ],
    },
  };
}

/** Nothing was recorded: no request, no scrape, no sink. */
function empty(): Report {
  const { distribution: _, events: __, configuration: ___, headline: ____, ...base } = failReport();
  const none = { count: 0, p50Ms: null, p90Ms: null, p95Ms: null, p99Ms: null, p999Ms: null, maxMs: null };
  return {
    ...base,
    verdict: 'unknown',
    exitCode: 2,
    findings: [],
    slos: base.slos.map((slo) => ({ ...slo, actual: null, verdict: 'unknown', reason: 'no data' })),
    ledger: {},
    latency: { traces: { ack: none, send: none, delivery: none } },
    rate: {},
    faults: [],
    windows: [],
    timeline: { stepS: 1, series: [] },
  };
}

const cases: Record<string, () => Report> = {
  'a run of 2 s': () => during(2, 1),
  'a run of 30 min': () => during(1800, 1),
  'a run of 24 h': () => during(86_400, 24),
  'no data at all': empty,
  '200 faults': () => withFaults(200),
  '50 members': () => withMembers(50),
};

describe.skipIf(noBrowser)(`reports of all sizes stay readable${whySkipped}`, () => {
  let browser: Browser;
  let dir = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'squall-scale-'));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  });

  for (const [name, make] of Object.entries(cases)) {
    test(`${name}: drawn within 5 s of CPU, below 2 MB, nothing sticks out or overlaps`, async () => {
      const report = normalizeReport(make());
      const before = process.cpuUsage();
      const html = renderHtml(report);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1e6).toBeLessThan(5);
      expect(Buffer.byteLength(html)).toBeLessThan(2e6);
      expect(Buffer.byteLength(renderMarkdown(report))).toBeLessThanOrEqual(markdownBytesMax);
      await withPage({ browser, dir, html }, { width: 400, height: 800, scheme: 'light' }, async (page) => {
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
        expect(await page.locator('.badge').isVisible()).toBe(true);
        const labels = await page.$$eval('#timeline-chart .narrow svg text[fill="var(--fault)"]', (texts) =>
          texts
            .map((one) => one.getBoundingClientRect())
            .map(({ left, right, top }) => ({ left, right, top })),
        );
        const clash = labels.some((a, i) =>
          labels.slice(i + 1).some((b) => a.top === b.top && a.left < b.right && b.left < a.right),
        );
        expect(clash).toBe(false);
      });
    });
  }
});
