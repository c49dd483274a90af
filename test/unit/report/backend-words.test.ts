import { expect, test } from 'vitest';
import { renderHtml } from '../../../src/report/html.ts';
import { renderMarkdown } from '../../../src/report/markdown.ts';
import type { Report } from '../../../src/report/types.ts';
import { failReport } from '../../fixtures/report-sample.ts';

const backends: Report['backends'] = [
  {
    name: 'jaeger',
    witness: {
      api: 'jaeger',
      acknowledged: 60_000,
      found: 59_400,
      missing: 600,
      recovered: 20,
      missingIntervals: [
        {
          load: 'spans',
          worker: 0,
          from: 1200,
          to: 1799,
          count: 600,
          dueFromS: 12.3,
          dueToS: 12.9,
          fault: 'away',
        },
      ],
    },
    outages: [
      {
        fault: 'away',
        coupled: true,
        reason: 'held up',
        due: 15_000,
        refused: 0,
        unknown: 40,
        missed: 0,
        lost: 0,
        duplicated: 820,
        retried: 41,
        held: 46,
        ackP95Ms: { before: 4.2, during: 12_171.9 },
      },
    ],
  },
];

test.each([
  ['Markdown', renderMarkdown],
  ['HTML', renderHtml],
])('%s says what a witness lacks, of when, and how far an outage reached', (_, render) => {
  const page = render({ ...failReport(), backends });
  for (const text of ['60,000', '59,400', '12.3 s to 12.9 s', '820', 'Second witnesses'])
    expect(page).toContain(text);
  expect(render(failReport())).not.toContain('Second witnesses');
});

test('a backend that could not be asked has no figures, and says why', () => {
  const reason = 'it has no pod that is ready';
  const witness = { api: 'jaeger', reason, acknowledged: 9, found: null, missing: null, recovered: null };
  const page = renderMarkdown({
    ...failReport(),
    backends: [{ name: 'jaeger', witness: { ...witness, missingIntervals: [] }, outages: [] }],
  });
  expect(page).toContain(`| jaeger | jaeger: ${reason} | 9 |`);
});
