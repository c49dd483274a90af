import { describe, expect, test } from 'vitest';
import { protocols, type Signal, signals } from '../../../src/base/signal.ts';
import { canaryBody, canaryItem } from '../../../src/otlp/canary.ts';
import { checkCanary } from '../../../src/otlp/canary-check.ts';
import { runKeys } from '../../../src/otlp/item-id.ts';
import { createTemplate, prefixBytes } from '../../../src/otlp/template.ts';
import { decodeRequest } from '../../fixtures/load/protobuf.ts';

const run = { runId: 'run-1', epochNs: '1700000000000000000' };

const ways = signals.flatMap((signal) => protocols.map((protocol) => ({ signal, protocol })));

test.each(ways)('$signal over $protocol: a canary that arrives as it was sent is unaltered', (way) => {
  const body = canaryBody(run, { ...way, number: 3 }).subarray(prefixBytes);
  const encoding = way.protocol === 'http/json' ? 'json' : 'protobuf';
  expect(checkCanary(run, { signal: way.signal, encoding, body })).toEqual([{ canary: '3', altered: [] }]);
});

test('its resource says of which run it is and that it is one', () => {
  const body = canaryBody(run, { signal: 'logs', protocol: 'grpc', number: 3 }).subarray(prefixBytes);
  expect(decodeRequest('logs', body)).toMatchObject({
    resourceLogs: [
      {
        resource: {
          attributes: [
            { key: 'service.name', value: { stringValue: 'squall-canary' } },
            { key: 'service.namespace', value: { stringValue: 'squall' } },
            { key: 'squall.run.id', value: { stringValue: 'run-1' } },
            { key: 'squall.canary', value: { boolValue: true } },
            { key: 'squall.canary.id', value: { stringValue: '3' } },
          ],
        },
      },
    ],
  });
});

describe('what was altered is named', () => {
  /** The JSON canary with a text replaced, as a pipeline would change it. */
  function altered(signal: Signal, from: string, to: string): string[] {
    const text = canaryBody(run, { signal, protocol: 'http/json', number: 3 })
      .subarray(prefixBytes)
      .toString();
    expect(text).toContain(from);
    const body = Buffer.from(text.replaceAll(from, to));
    const [checked] = checkCanary(run, { signal, encoding: 'json', body });
    return checked?.altered ?? ['no canary'];
  }
  const item = canaryItem(run, 3);
  const cut = (ns: bigint, unit: bigint) => String(ns - (ns % unit));

  test.each<[string, Signal, string, string, string[]]>([
    ['trace id', 'traces', item.traceId, 'ab'.repeat(16), ['trace id rewritten']],
    ['span id', 'logs', item.spanId, 'cd'.repeat(8), ['span id rewritten']],
    ['ms', 'metrics', String(item.timeNs), cut(item.timeNs, 1_000_000n), ['time truncated to milliseconds']],
    [
      'us',
      'traces',
      String(item.startNs),
      cut(item.startNs, 1000n),
      ['start time truncated to microseconds'],
    ],
    ['now', 'logs', String(item.timeNs), '1800000000000000000', ['time rewritten']],
    ['value', 'metrics', '42.125', '42', ['value changed']],
    ['series', 'metrics', 'series.id', 'series_id', ['attribute series.id removed']],
    ['kind', 'metrics', 'gauge', 'summary', ['the item is gone or of another kind']],
  ])('%s', (_, signal, from, to, expected) => {
    expect(altered(signal, from, to)).toEqual(expected);
  });

  test('another run’s canary does not pass for ours', () => {
    const body = canaryBody({ ...run, runId: 'old' }, { signal: 'traces', protocol: 'grpc', number: 3 });
    const [checked] = checkCanary(run, {
      signal: 'traces',
      encoding: 'protobuf',
      body: body.subarray(prefixBytes),
    });
    expect(checked?.altered).toEqual(['trace id rewritten', 'span id rewritten']);
  });
});

test('a request without a canary has none', () => {
  const shape = {
    runId: 'run-1',
    itemBytes: 263,
    services: 1,
    series: 1,
    metricTypes: ['gauge'],
    resource: {},
  } as const;
  const options = {
    signal: 'traces',
    protocol: 'grpc',
    batch: 4,
    stream: 1,
    keys: runKeys('run-1'),
  } as const;
  const template = createTemplate({ ...options, shape, baseNs: 0n, roundNs: 1 }, { from: 0, count: 4 });
  const body = template.copy().subarray(prefixBytes);
  expect(checkCanary(run, { signal: 'traces', encoding: 'protobuf', body })).toEqual([]);
});
