import { expect, test } from 'vitest';
import type { SendOutcome } from '../../../src/target/embedded-exporter.ts';
import { judgeGrpc } from '../../../src/target/embedded-exporter.ts';
import { countJson, countProtobuf, mergeJson } from '../../../src/target/embedded-items.ts';
import type { Counted } from '../../../src/target/embedded-metrics.ts';
import { createPipeline, embeddedSettings } from '../../../src/target/embedded-pipeline.ts';
import { createSimClock } from '../../fixtures/sim-clock.ts';

function scene(answer: (call: number) => SendOutcome | Promise<SendOutcome>) {
  const clock = createSimClock();
  const counts: Partial<Record<Counted, number>> = {};
  const sizes: number[] = [];
  const pipeline = createPipeline({
    exporter: {
      grpc: async (_, body) => answer(sizes.push(body.length)),
      json: async (_, body) => answer(sizes.push(body.length)),
    },
    clock,
    random: () => 0.5,
    count: (what, _, items) => {
      counts[what] = (counts[what] ?? 0) + items;
    },
  });
  const take = (items: number) =>
    pipeline.take({ signal: 'traces', encoding: 'protobuf', body: Buffer.alloc(items), items });
  return { clock, counts, sizes, pipeline, take };
}

test('a batch leaves when it is full or after 200 ms', async () => {
  const { clock, sizes, take } = scene(() => ({ kind: 'sent' }));
  take(100);
  await clock.pass(199);
  expect(sizes).toEqual([]);
  await clock.pass(1);
  expect(sizes).toEqual([100]);
  take(8000);
  take(192);
  await clock.pass(0);
  expect(sizes).toEqual([100, 8192]);
});

test('a retry waits 5 s, then half as long again, and ends after 300 s', async () => {
  const { clock, counts, sizes, take } = scene(() => ({ kind: 'retry', reason: 'down' }));
  take(8192);
  await clock.pass(4999);
  expect(sizes).toHaveLength(1);
  await clock.pass(1);
  expect(sizes).toHaveLength(2);
  await clock.pass(7500);
  expect(sizes).toHaveLength(3);
  await clock.pass(300_000);
  expect(counts).toEqual({ send_failed: 8192 });
});

test('what is refused for good is not tried again', async () => {
  const { clock, counts, sizes, take } = scene(() => ({ kind: 'permanent', reason: 'no' }));
  take(8192);
  await clock.pass(300_000);
  expect(sizes).toHaveLength(1);
  expect(counts).toEqual({ send_failed: 8192 });
});

test('a full queue drops what comes next, as a stock gateway does', async () => {
  const never = new Promise<SendOutcome>(() => undefined);
  const { clock, counts, pipeline, take } = scene(() => never);
  const held = embeddedSettings.consumers + embeddedSettings.queueSizeBatches;
  for (let i = 0; i < held + 3; i++) take(8192);
  await clock.pass(0);
  expect(pipeline.queued('traces')).toBe(embeddedSettings.queueSizeBatches);
  expect(pipeline.inFlight('traces')).toBe(embeddedSettings.consumers);
  expect(counts).toEqual({ enqueue_failed: 3 * 8192 });
});

test.each([
  ['sent', { sent: 10 }],
  ['retry', { send_failed: 10 }],
] as const)('drain() tries what waits once: %s', async (kind, expected) => {
  const { clock, counts, sizes, pipeline, take } = scene(() => ({ kind, reason: 'down' }));
  take(10);
  const drained = pipeline.drain();
  await clock.pass(100);
  await drained;
  expect(sizes).toEqual([10]);
  expect(counts).toEqual(expected);
});

test.each([
  [0, '', { kind: 'sent' }],
  [14, '', { kind: 'retry', reason: 'gRPC status 14' }],
  [3, '', { kind: 'permanent', reason: 'gRPC status 3' }],
  [8, '', { kind: 'permanent', reason: 'gRPC status 8' }],
])('gRPC status %i is judged as the OTLP specification says', (code, details, outcome) => {
  expect(judgeGrpc(code, details)).toEqual(outcome);
});

test('RESOURCE_EXHAUSTED with RetryInfo is retried after its delay', () => {
  const delay = Buffer.from([0x08, 2, 0x10, 0x80, 0x94, 0xeb, 0xdc, 0x03]); // 2 s and 1e9 ns
  const info = Buffer.concat([Buffer.from([0x0a, delay.length]), delay]);
  const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
  const any = Buffer.concat([Buffer.from([0x0a, url.length]), url, Buffer.from([0x12, info.length]), info]);
  const status = Buffer.concat([Buffer.from([0x08, 8, 0x1a, any.length]), any]);
  expect(judgeGrpc(8, status.toString('base64'))).toMatchObject({ kind: 'retry', delayMs: 3000 });
});

test('items are counted in both encodings, and requests join', () => {
  const item = Buffer.from([0x12, 0]);
  const scope = Buffer.concat([Buffer.from([0x12, 4]), item, item]);
  const request = Buffer.concat([Buffer.from([0x0a, scope.length]), scope]);
  expect(countProtobuf('traces', request)).toBe(2);
  expect(countProtobuf('traces', Buffer.concat([request, request]))).toBe(4);
  expect(countProtobuf('traces', request.subarray(0, 5))).toBeUndefined();
  const points = { gauge: { dataPoints: [{}, {}, {}] } };
  const json = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [points, { sum: {} }] }] }] });
  expect(countJson('metrics', json)).toBe(3);
  expect(countJson('metrics', mergeJson('metrics', [json, json]))).toBe(6);
  expect(countJson('logs', '{')).toBeUndefined();
});
