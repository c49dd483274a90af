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

const study: NonNullable<CapacityReport['study']> = {
  scaling: [
    { pods: 2, lowerPerS: 19_400, upperPerS: 'Infinity', efficiencyAtLeast: 1, efficiencyBelow: 'Infinity' },
    { pods: 3, lowerPerS: 20_000, upperPerS: 22_000, efficiencyAtLeast: 0.69, efficiencyBelow: 0.76 },
  ],
  usl: { low: { onePerS: 9700, sigma: 0.2, kappa: 0 }, high: { onePerS: 9700, sigma: 0.16, kappa: 0 } },
  demand: { pods: 8, ratePerS: 50_000, passed: true },
  demandReason: '',
  underFault: [
    { fault: 'slow', pods: 1, healthyPerS: 9700, lowerPerS: 4850, upperPerS: 5200 },
    { fault: 'dead', pods: 3, healthyPerS: 20_000, lowerPerS: 20_000, upperPerS: 'Infinity' },
  ],
  factors: {
    ratePerS: 6790,
    cells: [{ sets: ['load.spans.batch=512'], status: 'pass', cpuSPerMillion: 38.4, p99Ms: 12 }],
    effects: [
      {
        path: 'load.spans.batch',
        values: ['100', '512'],
        ratio: 0.8,
        atLeast: 0.75,
        atMost: 0.85,
        choose: '512',
      },
      { path: 'x', values: ['1', '2'], ratio: 1.01, atLeast: 0.9, atMost: 'Infinity' },
    ],
  },
  best: { sets: ['load.spans.batch=512'], lowerPerS: 12_000, upperPerS: 'Infinity' },
  ended: '',
};

const report = normalizeReport({
  ...passReport(),
  capacity: { ...capacity, study, claim: { perS: 10_000, verdict: 'does not hold' } },
});

test('the page opens with the answer and holds both charts, the sizing and every trial, all escaped', () => {
  const html = renderHtml(report);
  expect(html).toMatch(/<h1>One replica carried 9,700 spans\/s, and not 10,000\.<\/h1>/);
  expect(html).toContain('id="capacity-trials"');
  expect(html).toContain('id="capacity-latency"');
  expect(html).toContain('8, computed: max(8, 7, 3) &#x3D; 8; 8 carried 50,000/s in a trial of their own');
  expect(html).toContain('&lt;b&gt;p(99)&lt;/b&gt; was broken');
  expect(html).not.toContain('<b>p(99)');
  expect(renderHtml(normalizeReport(passReport()))).not.toContain('id="capacity"');
});

test('report.md has the same, and the sizing table ends at ten million items per second', () => {
  const markdown = renderMarkdown(report);
  expect(markdown).toContain('- capacity: 9,700 to 10,000 spans/s');
  expect(markdown).toContain('| 10,000,000/s | 1,547 |');
  expect(markdown).toContain('at least 0.55 of all do (95 %)');
  expect(markdown).toContain('- claimed: 10,000 spans/s for each replica: that does not hold');
  expect(markdown).toContain('| 3 | 20,000/s | 22,000/s | 69 % to 76 % |');
  expect(markdown).toContain('| 2 | 19,400/s |  | at least 100 % |');
  expect(markdown).toContain('| 1 | slow | 4,850/s | 5,200/s | 50 % to 53.6 % |');
  expect(markdown).toContain('| 3 | dead | 20,000/s |  | all of it |');
  expect(markdown).toContain('| load.spans.batch | 100 or 512 | 80 % | 75 % to 85 % | 512 |');
  expect(markdown).toContain('- settings that follow: load.spans.batch=512: at least 12,000 spans/s');
});
