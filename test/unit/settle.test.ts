import { describe, expect, test } from 'vitest';
import { sumBacklog } from '../../src/observe/backlog.ts';
import { nextSettle, whyLongWait } from '../../src/run/settle.ts';

const look = (held: (number | undefined)[], sinkQuietNs: number) => ({
  backlogs: held.map((value, i) => ({ member: `m${i}`, held: value })),
  sinkQuietNs,
  quietNs: 1e9,
});

describe('nextSettle', () => {
  test('empty needs two looks in a row', () => {
    const first = nextSettle({ emptyLooks: 0 }, look([0, 0], 2e9));
    expect(first.empty).toBe(false);
    expect(nextSettle(first.state, look([0, 0], 3e9)).empty).toBe(true);
  });
  test.each([
    ['a queue that still holds something', [0, 3]],
    ['a member that does not answer', [0, undefined]],
    ['no member to look at', []],
  ])('%s is not empty and starts the count again', (_, held) => {
    const next = nextSettle({ emptyLooks: 5 }, look(held, 9e9));
    expect(next).toEqual({ state: { emptyLooks: 0 }, empty: false });
  });
  test('a sink that was not quiet for longer than the batch timeout keeps it open', () => {
    expect(nextSettle({ emptyLooks: 5 }, look([0], 0.9e9)).empty).toBe(false);
  });
});

describe('whyLongWait', () => {
  const shown = { name: 'gateway-0', metricsUrl: 'http://127.0.0.1:1/metrics' };
  const asked = { name: 'gateway-1', readMetrics: async () => '' };

  test('a member whose metrics can be read may be shown empty early: nothing to say', () => {
    expect(whyLongWait([shown, asked], 30e9)).toBe(undefined);
  });
  test('one without is named, with how long it takes and what shortens it', () => {
    expect(whyLongWait([shown, { name: 'external' }], 90e9)).toBe(
      'external has no metrics of its own to show that it is empty: settling takes all of 1m30s; settle in the scenario shortens it',
    );
  });
  test('without a wait there is nothing to say', () => {
    expect(whyLongWait([{ name: 'external' }], 0)).toBe(undefined);
  });
});

describe('sumBacklog', () => {
  test('sums queue sizes and requests in flight of all exporters', () => {
    const page = [
      '# HELP otelcol_exporter_queue_size x',
      'otelcol_exporter_queue_size{data_type="traces",exporter="a"} 3',
      'otelcol_exporter_queue_size__batches_{data_type="logs",exporter="a"} 2',
      'otelcol_exporter_queue_capacity{data_type="traces",exporter="a"} 1000',
      'otelcol_exporter_in_flight_requests{exporter="a"} 4',
    ].join('\n');
    expect(sumBacklog(page)).toBe(9);
  });
  test('a page that is no collector’s says nothing', () => {
    expect(sumBacklog('go_goroutines 7\n')).toBeUndefined();
  });
});
