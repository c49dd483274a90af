import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Protocol, Signal } from '../../src/base/signal.ts';
import { createDecoder } from '../../src/otlp/decode.ts';
import { parentOf, runKeys, seriesId, traceOf, writeId, writeTraceId } from '../../src/otlp/item-id.ts';
import {
  createTemplate,
  prefixBytes,
  type TemplateOptions,
  type TemplateRange,
} from '../../src/otlp/template.ts';
import { decodedItems } from '../fixtures/decoded.ts';
import { decodeRequest } from '../fixtures/load/protobuf.ts';

const runId = 'run-7';
const keys = runKeys(runId);
const epochNs = 1_700_000_000_123_456_789n;
const startNs = 250_000_000;
const signal = fc.constantFrom<Signal>('traces', 'metrics', 'logs');

interface Case {
  options: Omit<TemplateOptions, 'protocol'>;
  range: TemplateRange;
  timeNs: bigint;
}

/** Any request of any stream: a full batch or the shorter last one. */
const request: fc.Arbitrary<Case> = fc
  .record({
    signal,
    batch: fc.integer({ min: 1, max: 130 }),
    short: fc.integer({ min: 0, max: 129 }),
    block: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 10 ** 10 })),
    stream: fc.integer({ min: 1, max: 65_534 }),
    itemBytes: fc.integer({ min: 0, max: 700 }),
    services: fc.integer({ min: 1, max: 8 }),
    series: fc.integer({ min: 1, max: 300 }),
    metricTypes: fc.shuffledSubarray(['gauge', 'sum', 'histogram', 'exponential-histogram'] as const, {
      minLength: 1,
    }),
    resource: fc.dictionary(fc.constantFrom('a', 'service.name', 'squall.run.id', 'ü "\\'), fc.string(), {
      maxKeys: 3,
    }),
    dueNs: fc.integer({ min: 0, max: 10 ** 15 }),
  })
  .map((draw) => ({
    options: {
      signal: draw.signal,
      batch: draw.batch,
      stream: draw.stream,
      keys,
      shape: { ...draw, runId },
      baseNs: epochNs + BigInt(startNs),
      roundNs: 333_333_333,
    },
    // The times of points stay below 2^53 ns after the epoch, 104 days.
    range: {
      from: (draw.signal === 'metrics' ? draw.block % 100_000 : draw.block) * draw.batch,
      count: Math.max(1, draw.batch - draw.short),
    },
    timeNs: epochNs + BigInt(draw.dueNs),
  }));

function bodyOf({ options, range, timeNs }: Case, protocol: Protocol): Buffer {
  const template = createTemplate({ ...options, protocol }, range);
  const body = template.copy();
  template.patch(body, range.from, timeNs);
  return body;
}

type Node = Record<string, unknown>;
const list = (value: unknown): Node[] => (Array.isArray(value) ? (value as Node[]) : []);

/** Items (spans, records, points) of a decoded request, in wire order. */
function itemsOf(which: Signal, decoded: unknown): Node[] {
  const root = decoded as Node;
  const names = {
    traces: ['resourceSpans', 'scopeSpans', 'spans'],
    metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
    logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  } as const;
  const [resources, scopes, items] = names[which];
  const found = list(root[resources]).flatMap((r) => list(r[scopes]).flatMap((s) => list(s[items])));
  if (which !== 'metrics') return found;
  return found.flatMap((metric) => {
    const data = metric.gauge ?? metric.sum ?? metric.histogram ?? metric.exponentialHistogram;
    return list((data as Node).dataPoints);
  });
}

function hexOf(write: (bytes: Uint8Array) => void, length: number): string {
  const bytes = Buffer.alloc(length);
  write(bytes);
  return bytes.toString('hex');
}

test('forall requests: an independent decoder finds exactly the intended spans, records and points, in order', () => {
  fc.assert(
    fc.property(request, (drawn) => {
      const { options, range, timeNs } = drawn;
      const body = bodyOf(drawn, 'grpc');
      expect(body.readUInt32BE(1)).toBe(body.length - prefixBytes);
      const items = itemsOf(options.signal, decodeRequest(options.signal, body.subarray(prefixBytes)));
      expect(items).toHaveLength(range.count);
      items.forEach((item, i) => {
        const sequence = range.from + i;
        if (options.signal === 'metrics') checkPoint(options, item, sequence);
        else checkIds(options, { item, sequence, timeNs });
      });
    }),
    { numRuns: 300 },
  );
});

function checkIds(
  options: Case['options'],
  { item, sequence, timeNs }: { item: Node; sequence: number; timeNs: bigint },
): void {
  const { stream, batch } = options;
  const span = (n: number) => hexOf((bytes) => writeId(keys.span, stream, n, bytes, 0), 8);
  const trace = traceOf(sequence, batch);
  expect(item.traceId).toBe(hexOf((bytes) => writeTraceId(keys, stream, trace, bytes, 0), 16));
  expect(item.spanId).toBe(span(sequence));
  const parent = parentOf(sequence, batch);
  if (options.signal === 'logs') {
    expect(item.timeUnixNano).toBe(String(timeNs));
    return;
  }
  expect(item.parentSpanId).toBe(parent < 0 ? undefined : span(parent));
  expect(item.endTimeUnixNano).toBe(String(timeNs));
  const durationNs = timeNs - BigInt(String(item.startTimeUnixNano));
  expect(durationNs > 0n && durationNs < 100_000_000n).toBe(true);
}

function checkPoint(options: Case['options'], item: Node, sequence: number): void {
  const { shape, stream, baseNs, roundNs } = options;
  const attribute = list(item.attributes).find(({ key }) => key === 'series.id')?.value as Node;
  expect(attribute.stringValue).toBe(seriesId(keys, stream, sequence % shape.series));
  const round = Math.floor(sequence / shape.series);
  expect(item.timeUnixNano).toBe(String(baseNs + BigInt(round + 1) * BigInt(roundNs)));
}

test('forall requests: the JSON body says what the protobuf body says', () => {
  fc.assert(
    fc.property(request, (drawn) => {
      const { signal: which } = drawn.options;
      const json = bodyOf(drawn, 'http/json').subarray(prefixBytes).toString('utf8');
      const binary = bodyOf(drawn, 'http/protobuf').subarray(prefixBytes);
      expect(JSON.parse(json)).toEqual(decodeRequest(which, binary));
    }),
    { numRuns: 300 },
  );
});

test('forall requests: a body used before and patched again has the bytes of a new one', () => {
  const protocol = fc.constantFrom<Protocol>('grpc', 'http/protobuf', 'http/json');
  fc.assert(
    fc.property(request, protocol, fc.integer({ min: 0, max: 1000 }), (drawn, how, before) => {
      const template = createTemplate({ ...drawn.options, protocol: how }, drawn.range);
      const body = template.copy();
      const { series } = drawn.options.shape;
      const earlier =
        drawn.options.signal === 'metrics'
          ? (drawn.range.from % series) + before * series
          : before * drawn.options.batch;
      template.patch(body, earlier, epochNs + BigInt(before));
      template.patch(body, drawn.range.from, drawn.timeNs);
      expect(body.equals(bodyOf(drawn, how))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("forall requests and encodings: the sink's decoder reads back the stream and every sequence, in order", () => {
  const encoding = fc.constantFrom<'protobuf' | 'json'>('protobuf', 'json');
  fc.assert(
    fc.property(request, encoding, (drawn, how) => {
      const { options, range } = drawn;
      const { stream, batch, shape, roundNs } = options;
      const decoder = createDecoder({
        runId,
        epochNs: String(epochNs),
        streams: [{ stream, signal: options.signal, batch, series: shape.series, startNs, roundNs }],
      });
      const body = bodyOf(drawn, how === 'json' ? 'http/json' : 'grpc').subarray(prefixBytes);
      const found = decoder.decode(options.signal, how, body);
      expect({ foreign: found.foreign, canary: found.canary }).toEqual({ foreign: 0, canary: false });
      expect(decodedItems(found)).toEqual(
        Array.from({ length: range.count }, (_, i) => ({ stream, sequence: range.from + i })),
      );
    }),
    { numRuns: 300 },
  );
});

test('forall span sizes from 200 to 4000 bytes: the encoded span has the size, or one byte less at a length border', () => {
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 4000 }), fc.integer({ min: 1, max: 40 }), (itemBytes, batch) => {
      const bytes = (count: number) =>
        createTemplate(
          {
            signal: 'traces',
            protocol: 'grpc',
            batch,
            stream: 1,
            keys,
            shape: { runId, itemBytes, services: 1, series: 1, metricTypes: ['gauge'], resource: {} },
            baseNs: 0n,
            roundNs: 1,
          },
          { from: 0, count },
        ).copy().length;
      fc.pre(batch > 1);
      const span = bytes(batch) - bytes(batch - 1);
      const framing = 3; // tag, and a length of two bytes
      const carried = 8; // a length further out can grow by a byte as well
      expect(span).toBeGreaterThanOrEqual(itemBytes + framing - 4);
      expect(span).toBeLessThanOrEqual(itemBytes + framing + carried);
    }),
  );
});
