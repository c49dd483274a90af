import { expect, test } from 'vitest';
import { formatUnit } from '../../../src/report/format.ts';
import { codeOrText } from '../../../src/report/markdown-text.ts';
import { metricNames } from '../../../src/report/sentences.ts';
import { sloName, sloSentence } from '../../../src/report/slo-words.ts';
import type { Report, SloResult } from '../../../src/report/types.ts';

test('a quantity has the names of all its signals, each once', () => {
  const names = {
    'sent traces': 'otelcol_exporter_sent_spans',
    'sent logs': 'otelcol_exporter_sent_log_records',
    'sentFailed traces': 'another',
    refused: 'plain',
  };
  const none = { accepted: null, sent: null, sendFailed: null, enqueueFailed: null, refused: null };
  const counters: Report['counters'] = { ...none, unexplained: null, names };
  expect(metricNames(counters, 'sent')).toBe(
    'otelcol_exporter_sent_spans, otelcol_exporter_sent_log_records',
  );
  expect(metricNames(counters, 'refused')).toBe('plain');
  expect(metricNames(counters, 'accepted')).toBe('');
});

test('the window is not said twice', () => {
  const slo = { name: 'ack_duration in before:kill', window: 'before:kill' };
  expect(sloName(slo as SloResult)).toBe('ack_duration');
  expect(sloName({ ...slo, window: 'run' } as SloResult)).toBe('ack_duration in before:kill');
});

test.each([
  ['p(95)<10ms', '`p(95)<10ms`'],
  ['a `b` | c', 'a &#96;b&#96; &#124; c'],
])('threshold %s in Markdown', (raw, written) => {
  expect(codeOrText(raw)).toBe(written);
});

test.each([
  [1, '1 batch'],
  [1.5, '1.5 batches'],
  [0, '0 batches'],
])('%s in batches', (value, written) => {
  expect(formatUnit(value, 'batches')).toBe(written);
});

/** Threshold, actual value, unit, window: the sentence. */
test.each<[Partial<SloResult>, string]>([
  [{ threshold: 'count==0', actual: 3, unit: 'items' }, 'x was 3 items, allowed: none, over the run'],
  [
    { threshold: 'p(99.9)<1s', actual: 1420, unit: 'ms', window: 'before:kill' },
    'x p(99.9) was 1,420 ms, allowed: below 1 s (42 % beyond), before fault kill',
  ],
  [
    { threshold: 'value >= 9900', actual: 9000, unit: 'items/s', window: 'spans/rise' },
    'x was 9,000 items/s, allowed: at least 9,900 items/s (9.1 % beyond), in window spans/rise',
  ],
  [
    { threshold: 'rate<=0.05', actual: 0.2, unit: '' },
    'x was 0.2, allowed: at most 0.05 (300 % beyond), over the run',
  ],
  [{ threshold: 'odd', actual: 1, unit: '' }, 'x was 1, allowed: odd, over the run'],
])('%o', (slo, sentence) => {
  const base = { name: 'x', source: 'client', window: 'run', verdict: 'fail', reason: '' } as const;
  expect(sloSentence({ ...base, ...slo } as SloResult)).toBe(sentence);
});
