import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signals } from '../../src/base/signal.ts';
import { createBodies } from '../../src/load/bodies.ts';
import { createDecoder } from '../../src/otlp/decode.ts';
import { MalformedRequest } from '../../src/otlp/decode-wire.ts';
import { runKeys } from '../../src/otlp/item-id.ts';
import { decodedItems } from '../fixtures/decoded.ts';
import { loadPlan, openEntry } from '../fixtures/load/plan.ts';

const plan = loadPlan(
  signals.map((signal, i) =>
    openEntry({
      spec: { name: signal, signal, batch: 7 },
      itemsPerS: 100,
      durationMs: 1000,
      streams: [i + 1],
    }),
  ),
);
const decoder = createDecoder({
  ...plan,
  streams: plan.entries.map((entry, i) => ({
    ...entry.spec,
    ...entry,
    stream: i + 1,
    series: entry.spec.shape.series,
  })),
});

function body(index: number, request: number): Buffer {
  const entry = plan.entries[index];
  if (entry === undefined) throw new Error('no such entry');
  const bodies = createBodies(plan, entry, { stream: index + 1, keys: runKeys(plan.runId) });
  return Buffer.from(bodies.make({ from: request * 7, count: 7, timeNs: request }).bytes.subarray(5));
}

const place = fc.record({ index: fc.integer({ min: 0, max: 2 }), request: fc.integer({ min: 0, max: 40 }) });

test('forall requests: the decoder gives back each sequence once', () => {
  fc.assert(
    fc.property(place, ({ index, request }) => {
      const items = decoder.decode(signals[index] ?? 'traces', 'protobuf', body(index, request));
      const found = decodedItems(items)
        .map(({ sequence }) => sequence)
        .sort((a, b) => a - b);
      expect(found).toEqual(Array.from({ length: 7 }, (_, i) => request * 7 + i));
      expect([items.foreign, items.canary]).toEqual([0, false]);
    }),
  );
});

test('forall damage: the decoder answers or says malformed, and never finds an item that was not sent', () => {
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('set' as const), at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant('noise' as const), bytes: fc.uint8Array({ maxLength: 400 }) }),
  );
  fc.assert(
    fc.property(place, damage, ({ index, request }, hurt) => {
      let bytes = body(index, request);
      if (hurt.kind === 'cut') bytes = bytes.subarray(0, hurt.at % bytes.length);
      else if (hurt.kind === 'set') bytes[hurt.at % bytes.length] = hurt.to;
      else bytes = Buffer.from(hurt.bytes);
      try {
        const items = decoder.decode(signals[index] ?? 'traces', 'protobuf', bytes);
        for (const { sequence } of decodedItems(items)) {
          // A metric point's time may be hit so that another of its series' own times results: that is an item too.
          if (index !== 1) expect(Math.floor(sequence / 7)).toBe(request);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedRequest);
      }
    }),
    { numRuns: 3000 },
  );
});
