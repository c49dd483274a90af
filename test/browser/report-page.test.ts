import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import { normalizeReport } from '../../src/report/json.ts';
import type { Report } from '../../src/report/types.ts';
import { capacityReport } from '../fixtures/capacity-sample.ts';
import { comparisonReport } from '../fixtures/comparison-sample.ts';
import { launchBrowser, noBrowser, type View, whySkipped, withPage as withHtml } from '../fixtures/page.ts';
import { hostileTexts } from '../fixtures/report-arbitrary.ts';
import { failReport, samples } from '../fixtures/report-sample.ts';

describe.skipIf(noBrowser)(`report.html in a browser${whySkipped}`, () => {
  let browser: Browser;
  let dir = '';
  let axe = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'squall-page-'));
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const withPage = (report: Report, view: View, body: (page: Page) => Promise<void>) =>
    withHtml({ browser, dir, html: renderHtml(normalizeReport(report)) }, view, body);

  const all = { ...samples, capacity: capacityReport, comparison: comparisonReport };
  for (const [name, make] of Object.entries(all)) {
    for (const scheme of ['light', 'dark'] as const) {
      test(`${name}, ${scheme}: all that answers is on the first screen, and axe finds nothing`, async () => {
        await withPage(make(), { width: 1280, height: 720, scheme }, async (page) => {
          const bottoms = await page.$$eval(
            '.badge, .answers, [aria-label="Validity of the run"], .first > section > table, .first > section > :is(dl, p), .ledger, .first figcaption',
            (found) => found.map((one) => one.getBoundingClientRect().bottom),
          );
          expect(bottoms.length).toBeGreaterThanOrEqual(6);
          expect(Math.max(...bottoms)).toBeLessThanOrEqual(720);
          // The tables behind the charts look alike in every report and theme: once is enough, and slow.
          if (name === 'fail' && scheme === 'light') {
            await page.$$eval('details', (details) => {
              for (const one of details) one.setAttribute('open', '');
            });
          }
          await page.evaluate(axe);
          const found = await page.evaluate(
            'axe.run().then((r) => r.violations.map((v) => v.id + " " + v.nodes[0].html))',
          );
          expect(found).toEqual([]);
        });
      });
    }
  }

  test('400 px: nothing sticks out, the text is readable, the narrow chart is the one shown', async () => {
    const narrow = { width: 400, height: 800, scheme: 'light' } as const;
    for (const make of [capacityReport, comparisonReport])
      await withPage(make(), narrow, async (page) => {
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      });
    await withPage(failReport(), narrow, async (page) => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      const heights = await page.$$eval('figure .narrow svg text', (texts) =>
        texts.map((one) => one.getBoundingClientRect().height),
      );
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(9);
      expect(await page.locator('figure .wide').first().isVisible()).toBe(false);
    });
  });

  test('without scripts: verdict, table and timeline are there', async () => {
    await withPage(
      failReport(),
      { width: 1280, height: 720, scheme: 'dark', scripts: false },
      async (page) => {
        expect(await page.locator('.badge').textContent()).toBe('✘ FAIL');
        expect(await page.locator('.first .slo tbody tr').count()).toBe(6);
        expect(await page.locator('.first figure .wide svg path').count()).toBeGreaterThan(10);
      },
    );
  });

  test('labels of faults and legends do not overlap one another', async () => {
    const report = failReport();
    const [fault] = report.faults;
    if (fault === undefined) throw new Error('the sample lost its fault');
    const faults = [20, 22, 24].map((at) => ({
      ...fault,
      name: `a fault at ${at}`,
      observed: { injectedS: at, recoveredS: at + 1 },
    }));
    await withPage({ ...report, faults }, { width: 1280, height: 720, scheme: 'light' }, async (page) => {
      const boxes = await page.$$eval('.first .wide svg text', (texts) =>
        texts.map((one) => {
          const { left, right, top, bottom } = one.getBoundingClientRect();
          return { text: one.textContent, left, right, top, bottom };
        }),
      );
      const clashes = boxes.flatMap((a, i) =>
        boxes
          .slice(i + 1)
          .filter(
            (b) =>
              a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3,
          )
          .map((b) => `${a.text} over ${b.text}`),
      );
      expect(clashes).toEqual([]);
    });
  });

  test('printed: light, all sections, no part of a chart lost', async () => {
    await withPage(failReport(), { width: 1280, height: 720, scheme: 'dark' }, async (page) => {
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
        'rgb(255, 255, 255)',
      );
      const hidden = await page.$$eval('main section', (sections) =>
        sections
          .filter((one) => one.getBoundingClientRect().height < 20)
          .map((one) => one.outerHTML.slice(0, 80)),
      );
      expect(hidden).toEqual([]);
      const pdf = await page.pdf({ format: 'A4' });
      expect(pdf.length).toBeGreaterThan(20_000);
      // 0.62 of an A4 page of 703 x 1032 px: the table ends where the timeline has room on the same page.
      await page.setViewportSize({ width: 703, height: 1032 });
      const bottom = await page.$eval('.first figure .wide svg', (svg) => svg.getBoundingClientRect().bottom);
      expect(bottom).toBeLessThanOrEqual(1032);
    });
  });

  test('hostile texts in every place stay texts', async () => {
    const base = failReport();
    const of = (k: number) => hostileTexts[k % hostileTexts.length] ?? '';
    const report: Report = {
      ...base,
      run: {
        ...base.run,
        scenario: of(1),
        description: of(0),
        command: of(2),
        banner: of(3),
        machine: { [of(5)]: of(1) },
      },
      findings: base.findings.map((finding, k) => ({
        ...finding,
        code: of(k),
        sentence: of(k + 1),
        next: of(k + 2),
      })),
      slos: hostileTexts.map((name, k) => ({
        name,
        source: 'client',
        window: of(k + 1),
        threshold: of(k + 2),
        actual: 1,
        unit: of(k),
        verdict: 'fail',
        reason: of(k + 3),
        query: of(k + 4),
        raw: of(k + 5),
      })),
      faults: hostileTexts.map((name, k) => ({
        name,
        kind: of(k + 1),
        members: [of(k + 2)],
        intended: { startS: k * 5, endS: null },
        observed: { injectedS: k * 5, recoveredS: k * 5 + 2 },
        effect: of(k + 3),
        verified: true,
        recovery: {},
        lost: 0,
        alerts: [
          { alert: of(k + 4), labels: of(k + 5), activeS: k * 5 + 1, firingS: k * 5 + 1, resolvedS: null },
        ],
      })),
      configuration: hostileTexts.map((name, k) => ({ name, text: of(k + 1) })),
      events: hostileTexts.map((what) => ({ atS: 1, about: 'alert', what })),
      timeline: {
        stepS: 1,
        series: base.timeline.series.map((series, k) => ({ ...series, name: of(k), unit: of(k + 1) })),
      },
    };
    await withPage(report, { width: 1280, height: 720, scheme: 'light' }, async (page) => {
      const strange = await page.$$eval(
        'script:not([type="application/json"], body > footer + script), img, iframe, x, b, [onload], [onerror], [onmouseover]',
        (found) => found.length,
      );
      expect(strange).toBe(0);
      expect(await page.locator('text=<script>alert(1)</script>').count()).toBeGreaterThan(0);
      expect(await page.evaluate('"prev" in {}')).toBe(false);
    });
  });

  test('30 minutes at 1 s steps with a dozen series stay below 2 MB', () => {
    const base = failReport();
    const points = Array.from({ length: 1830 }, (_, i): [number, number] => [
      i,
      1e4 + 977.123 * Math.sin(i * i),
    ]);
    const intervals = base.ledger.traces?.lostIntervals[0];
    const lost = intervals === undefined ? [] : Array.from({ length: 20_000 }, () => intervals);
    const traces = base.ledger.traces;
    const report: Report = {
      ...base,
      ledger: traces === undefined ? {} : { traces: { ...traces, lostIntervals: lost } },
      timeline: {
        stepS: 1,
        series: ['items/s', 'ms', 'batches', 'bytes', 'cores'].flatMap((unit) =>
          [1, 2, 3, 4].map((k) => ({ name: `${unit} ${k}`, unit, points })),
        ),
      },
    };
    expect(Buffer.byteLength(renderHtml(normalizeReport(report)))).toBeLessThan(2e6);
  });
});
