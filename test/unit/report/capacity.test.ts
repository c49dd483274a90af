import { expect, test } from 'vitest';
import type { CapacityReport } from '../../../src/report/capacity-types.ts';
import { renderHtml } from '../../../src/report/html.ts';
import { normalizeReport } from '../../../src/report/json.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import { passReport } from '../../fixtures/report-sample.ts';

const trial = (name: string, ratePerS: number, status: 'pass' | 'fail' | 'unknown' | 'invalid') => ({
  name,
  purpose: 'classify' as const,
  ratePerS,
  measureS: 60,
  status,
  reason: status === 'fail' ? '<b>p(99)</b> was broken' : 'every goal holds',
  costS: 80,
  cpuSPerMillion: 48,
  acknowledgedPerS: ratePerS,
  p95Ms: ratePerS / 1000,
  p99Ms: ratePerS / 200,
  lowerPerS: status === 'pass' ? ratePerS : 9000,
  upperPerS: status === 'pass' ? ('Infinity' as const) : 10_000,
});

const capacity: CapacityReport = {
  kind: 'found',
  sentence: 'One replica carried 9,700 spans/s, and not 10,000.',
  vary: 'spans',
  items: 'spans',
  pace: 'standard',
  pods: 1,
  lowerPerS: 9700,
  upperPerS: 10_000,
  reason: 'both ends were confirmed by fresh trials',
  binding: 'p(99)<50ms',
  width: 0.025,
  noise: 0.008,
  confirmation: { passed: 5, of: 5, passShareAtLeast: 0.549, failedAbove: 2, ofAbove: 2 },
  goals: [{ name: 'loss', hard: true, lowerPerS: 9700, upperPerS: 'Infinity' }],
  passedAbovePerS: [],
  spentS: 1800,
  maxPerS: 40_000,
  maxReason: 'asked for',
  generatorPerS: 300_000,
  trials: [
    trial('001', 9000, 'pass'),
    trial('002', 10_000, 'fail'),
    trial('003', 9700, 'pass'),
    trial('004', 9800, 'invalid'),
  ],
  sizing: {
    peakPerS: 50_000,
    safetyFactor: 1.5,
    tolerateLoss: 1,
    minReplicas: 3,
    replicas: 8,
    word: 'computed',
    formula: 'max(8, 7, 3) = 8',
  },
};

const report = normalizeReport({ ...passReport(), capacity });

test('the page opens with the answer and holds both charts, the sizing and every trial, all escaped', () => {
  const html = renderHtml(report);
  expect(html).toMatch(/<h1>One replica carried 9,700 spans\/s, and not 10,000\.<\/h1>/);
  expect(html).toContain('id="capacity-trials"');
  expect(html).toContain('id="capacity-latency"');
  expect(html).toContain('8, computed: max(8, 7, 3) &#x3D; 8');
  expect(html).toContain('&lt;b&gt;p(99)&lt;/b&gt; was broken');
  expect(html).not.toContain('<b>p(99)');
  expect(renderHtml(normalizeReport(passReport()))).not.toContain('id="capacity"');
});

test('report.md has the same, and the sizing table ends at ten million items per second', () => {
  const markdown = renderMarkdown(report);
  expect(markdown).toContain('- capacity: 9,700 to 10,000 spans/s');
  expect(markdown).toContain('| 10,000,000/s | 1,547 |');
  expect(markdown).toContain('at least 0.55 of all do (95 %)');
});
