import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderHtml } from '../../src/report/html.ts';
import { indexEntry } from '../../src/report/index-entry.ts';
import { renderIndex } from '../../src/report/index-page.ts';
import { normalizeReport } from '../../src/report/json.ts';
import { launchBrowser, noBrowser, whySkipped, withPage } from '../fixtures/page.ts';
import { hostileTexts } from '../fixtures/report-arbitrary.ts';
import { failReport, samples } from '../fixtures/report-sample.ts';

const wide = { width: 1280, height: 720, scheme: 'light' } as const;

describe.skipIf(noBrowser)(`what the page's script adds, and the index of runs${whySkipped}`, () => {
  let browser: Browser;
  let dir = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'squall-script-'));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const html = () => renderHtml(normalizeReport(failReport()));

  test('the cursor stands at one time in every chart, and the values under it are told', async () => {
    await withPage({ browser, dir, html: html() }, wide, async (page) => {
      const box = await page.locator('#timeline-chart .wide svg').boundingBox();
      if (box === null) throw new Error('no timeline');
      // 58 and 626 of 640 are the ends of the plot, 0 and 74 s: this is 37 s, in the middle of the outage.
      await page.mouse.move(box.x + (box.width * (58 + 568 / 2)) / 640, box.y + 90);
      const tip = await page.locator('.tip').textContent();
      expect(tip).toMatch(/^t = (?:36\.9\d?|37(?:\.0\d?)?) s\nfault: outage\noffered: 10,000 items\/s/);
      expect(tip).toContain('delivered: 0 items/s');
      // Three panels of the timeline, two of the resources, two heat maps.
      expect(await page.locator('figure .wide .cursor').count()).toBe(7);
    });
  });

  test('a legend and its button switch one line off and on', async () => {
    await withPage({ browser, dir, html: html() }, wide, async (page) => {
      const opacity = () =>
        page.evaluate(
          `getComputedStyle(document.querySelector('#timeline-chart .wide [clip-path] [data-mark="s2"]')).opacity`,
        );
      await page.locator('#timeline-chart .wide [ecmeta_ssr_type="legend"]').nth(1).click();
      expect(await opacity()).toBe('0');
      const button = page.locator('#timeline-chart button', { hasText: 'acknowledged' });
      expect(await button.getAttribute('aria-pressed')).toBe('false');
      await button.press('Enter');
      expect([await opacity(), await button.getAttribute('aria-pressed')]).toEqual(['1', 'true']);
    });
  });

  test('dragging looks closer at all charts of time, Escape shows all again; so do keys', async () => {
    await withPage({ browser, dir, html: html() }, wide, async (page) => {
      const before = await page.locator('#timeline-chart .wide svg').innerHTML();
      const ticks = () => page.locator('#timeline-chart .wide text.zoomed').allTextContents();
      const box = await page.locator('#timeline-chart .wide svg').boundingBox();
      if (box === null) throw new Error('no timeline');
      const at = (s: number) => box.x + (box.width * (58 + (568 * s) / 74)) / 640;
      await page.mouse.move(at(30), box.y + 90);
      await page.mouse.down();
      await page.mouse.move(at(45), box.y + 90, { steps: 3 });
      await page.mouse.up();
      expect(await ticks()).toEqual(expect.arrayContaining(['outage', '35 s', '40 s']));
      expect(await ticks()).not.toContain('kill');
      expect(await page.locator('#resources-chart .wide .zoomed').count()).toBeGreaterThan(0);
      await page.locator('#timeline-chart .wide').focus();
      await page.keyboard.press('Escape');
      expect(await ticks()).toEqual([]);
      await page.mouse.move(0, 0);
      const plain = (svg: string) =>
        svg.replace(/<g aria-hidden="true">.*?<\/g>/s, '').replace(/ (?:class|style)=""/g, '');
      expect(plain(await page.locator('#timeline-chart .wide svg').innerHTML())).toBe(plain(before));
      await page.locator('#timeline-chart .wide').focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('+');
      expect((await ticks()).length).toBeGreaterThan(3);
    });
  });

  test('every link within the page leads somewhere, and no id stands twice', async () => {
    await withPage({ browser, dir, html: html() }, wide, async (page) => {
      const all = (selector: string, name: string) =>
        page.$$eval(selector, (found, key) => found.map((one) => one.getAttribute(key) ?? ''), name);
      const ids = await all('[id]', 'id');
      const links = (await all('a[href^="#"]', 'href')).map((link) => link.slice(1));
      expect(new Set(ids).size).toBe(ids.length);
      expect(links.filter((link) => !ids.includes(link))).toEqual([]);
      expect(links).toEqual(
        expect.arrayContaining(['finding-1-items-lost', 'slo-1-items-lost', 'fault-1-kill']),
      );
    });
  });

  test('the index: trend, links, axe finds nothing, hostile names stay texts, narrow screens do', async () => {
    const entries = [0, 1, 2, 3].flatMap((k) =>
      Object.values(samples).map((make, i) => {
        const entry = indexEntry(normalizeReport(make()), `a b/run-${k}${i}`);
        return { ...entry, startedAt: `2026-11-2${k}T0${i}:00:00.000Z` };
      }),
    );
    const hostile = hostileTexts.map((text, i) => {
      const entry = indexEntry(failReport(), text);
      return {
        ...entry,
        id: text,
        scenario: text,
        target: text,
        sentence: text,
        startedAt: `2026-11-1${i % 10}`,
      };
    });
    const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const page = renderIndex([...entries, ...hostile], ['broken <b>']);
    await withPage(
      { browser, dir, html: page },
      { width: 400, height: 800, scheme: 'dark' },
      async (opened) => {
        expect(await opened.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
        expect(
          await opened.$$eval('script, img, iframe, x, b, [onload], [onerror]', (all) => all.length),
        ).toBe(0);
        expect(await opened.locator('figure .narrow svg path').count()).toBeGreaterThan(20);
        expect(await opened.locator('td a[href$="report.html"]').first().getAttribute('href')).toMatch(
          /^a%20b\/run-\d\d\/report\.html$/,
        );
        await opened.evaluate(source);
        expect(
          await opened.evaluate(
            'axe.run().then((r) => r.violations.map((v) => v.id + " " + v.nodes[0].html))',
          ),
        ).toEqual([]);
      },
    );
  });
});
