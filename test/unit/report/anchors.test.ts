import { expect, test } from 'vitest';
import { anchorOf } from '../../../src/report/anchor.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { normalizeReport } from '../../../src/report/json.ts';
import { failReport } from '../../fixtures/report-sample.ts';

const report = normalizeReport(failReport());
const html = renderHtml(report);
const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id = '']) => id);
const links = new Set([...html.matchAll(/ href="#([^"]*)"/g)].map(([, id = '']) => id));

test('every finding, SLO, fault, query, chart and event has an address, and a link that shows it', () => {
  const figures = [...html.matchAll(/<figure id="([^"]*)"/g)].map(([, id = '']) => id);
  const wanted = [
    ...report.findings.map(({ code }, i) => anchorOf('finding', i + 1, code)),
    ...report.slos.map((_, i) => `slo-${i + 1}-`),
    ...report.faults.map(({ name }, i) => anchorOf('fault', i + 1, name)),
    ...(report.events ?? []).map(({ about }, i) => anchorOf('event', i + 1, about)),
    'query-1-queue',
    ...figures,
  ];
  expect(figures).toEqual([
    'timeline-chart',
    'percentiles-traces',
    'heat-ack-traces',
    'heat-send-traces',
    'resources-chart',
  ]);
  const has = (all: Iterable<string>, one: string) =>
    [...all].some((id) => (one.endsWith('-') ? id.startsWith(one) : id === one));
  expect(wanted.filter((one) => !has(ids, one))).toEqual([]);
  expect(wanted.filter((one) => !has(links, one))).toEqual([]);
});

test('no id stands twice and no link leads nowhere', () => {
  expect(new Set(ids).size).toBe(ids.length);
  expect([...links].filter((link) => !ids.includes(link))).toEqual([]);
});
