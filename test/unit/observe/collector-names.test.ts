import { describe, expect, test } from 'vitest';
import { namesOfCounter, namesOfGauge, selectorOf } from '../../../src/observe/collector-names.ts';

describe('21: names of the collector move with its version', () => {
  test.each([
    ['no readers, or 0.152 and later', 'otelcol_exporter_sent_spans'],
    ['readers, 0.119 to 0.151', 'otelcol_exporter_sent_spans_total'],
    ['0.130.0', 'otelcol_exporter_sent_spans__spans__total'],
    ['without the prefix', 'exporter_sent_spans_total'],
  ])('%s: %s', (_, name) => {
    const names = ['otelcol_exporter_sent_spans_created', name, 'otelcol_exporter_sent_log_records'];
    expect(namesOfCounter(names, { quantity: 'sent', signal: 'traces' })).toEqual([name]);
  });

  test('other quantities and other signals are not mistaken for it', () => {
    const names = ['otelcol_exporter_send_failed_spans', 'otelcol_exporter_enqueue_failed_spans'];
    expect(namesOfCounter(names, { quantity: 'sent', signal: 'traces' })).toEqual([]);
    expect(namesOfCounter(names, { quantity: 'sendFailed', signal: 'logs' })).toEqual([]);
    expect(namesOfCounter(names, { quantity: 'sendFailed', signal: 'traces' })).toEqual([names[0]]);
  });

  test('points and records have their own words', () => {
    expect(
      namesOfCounter(['otelcol_receiver_accepted_metric_points'], {
        quantity: 'accepted',
        signal: 'metrics',
      }),
    ).toHaveLength(1);
    expect(
      namesOfCounter(['otelcol_receiver_accepted_log_records'], { quantity: 'accepted', signal: 'logs' }),
    ).toHaveLength(1);
  });

  test('gauges and selectors', () => {
    expect(
      namesOfGauge(['otelcol_exporter_queue_size', 'otelcol_exporter_queue_capacity'], 'queueSize'),
    ).toEqual(['otelcol_exporter_queue_size']);
    expect(selectorOf(['a'])).toBe('{__name__="a"}');
    expect(selectorOf(['a', 'b'], 'job="x"')).toBe('{__name__=~"a|b",job="x"}');
  });
});
