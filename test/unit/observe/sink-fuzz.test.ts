import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Signal, signals } from '../../../src/base/signal.ts';
import { batch, fuzzedSinkOfFile, goodBody, isSuccess, type Way, ways } from '../../fixtures/fuzzed-sink.ts';
import { decodeRequest } from '../../fixtures/load/protobuf.ts';

const subject = fuzzedSinkOfFile();

/** Success and what the specification has for requests that are not one: bad data, too large. */
const answers: Record<Way, number[]> = {
  grpc: [0, 3, 8],
  'http/protobuf': [200, 400, 413],
  'http/json': [200, 400, 413],
};

const compressors = { gzip: gzipSync, zstd: zstdCompressSync, deflate: deflateSync } as const;
const compression = fc.constantFrom<'gzip' | 'zstd' | 'deflate' | undefined>(
  undefined,
  undefined,
  'gzip',
  'zstd',
);
const damage = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('noise' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('twice' as const), at: fc.nat() }),
);

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function hurt(bytes: Buffer, how: Damage): Buffer {
  const at = 'at' in how ? how.at % Math.max(1, bytes.length) : 0;
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (how.kind) {
    case 'cut':
      return head;
    case 'set':
      return Buffer.concat([head, Buffer.from([how.to]), tail.subarray(1)]);
    case 'insert':
      return Buffer.concat([head, how.bytes, tail]);
    case 'remove':
      return Buffer.concat([head, tail.subarray(how.length)]);
    case 'noise':
      return Buffer.from(how.bytes);
    case 'twice':
      return Buffer.concat([bytes, tail]);
    default:
      return how satisfies never;
  }
}

/** Items of a body by other decoders; undefined when it is none. */
function itemsIn(bytes: Buffer, of: { signal: Signal; way: Way }): number | undefined {
  try {
    const json = of.way === 'http/json';
    const decoded: unknown = json ? JSON.parse(bytes.toString()) : decodeRequest(of.signal, bytes);
    return countAt(decoded, paths[of.signal]);
  } catch {
    return undefined;
  }
}

/** Lists of lists, from the request down to its items. */
const paths: Record<Signal, string[][]> = {
  traces: [['resourceSpans'], ['scopeSpans'], ['spans']],
  logs: [['resourceLogs'], ['scopeLogs'], ['logRecords']],
  metrics: [
    ['resourceMetrics'],
    ['scopeMetrics'],
    ['metrics'],
    ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
    ['dataPoints'],
  ],
};

function countAt(value: unknown, [names, ...deeper]: readonly string[][]): number {
  if (names === undefined) return 1;
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.entries(value).filter(([key]) => names.includes(key));
  return inner.reduce(
    (sum, [, one]) => sum + [one].flat().reduce((n, each) => n + countAt(each, deeper), 0),
    0,
  );
}

test('forall damage, before or after compression: answered by the specification; refused is not recorded, and nothing is invented', async () => {
  const request = fc.record({
    signal: fc.constantFrom(...signals),
    way: fc.constantFrom(...ways),
    encoding: compression,
    outside: fc.boolean(),
    how: damage,
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ signal, way, encoding, outside, how }) => {
      const good = goodBody(signal, way);
      const pack = (bytes: Buffer) =>
        encoding === undefined ? bytes : Buffer.from(compressors[encoding](bytes));
      const bytes = outside ? hurt(pack(good), how) : pack(hurt(good, how));
      const code = await subject().send({
        signal,
        way,
        bytes,
        ...(encoding === undefined ? {} : { encoding }),
      });
      expect(answers[way]).toContain(code);
      const found = subject().arrived();
      if (!isSuccess(code)) expect(found).toEqual([]);
      else if (!outside || encoding === undefined) {
        const items = itemsIn(hurt(good, how), { signal, way });
        const recorded = found.reduce((sum, [, , count]) => sum + count, 0);
        if (items !== undefined) expect(recorded).toBe(items);
        // What a sink need not look into, such as attributes, may be broken; the end of a message may not be missing.
        else expect([way, how.kind]).not.toContain(way === 'http/json' ? way : 'cut');
      }
      for (const [stream, from, count] of found) {
        if (stream === 0) continue;
        expect(stream).toBe(signals.indexOf(signal) + 1);
        // A point whose time is hit may be another of its series; spans and records are those that were sent.
        if (signal !== 'metrics') expect(from + count).toBeLessThanOrEqual(batch);
      }
    }),
    { numRuns: 600, seed: 4, endOnFailure: true },
  );
});

describe('compressed bodies', () => {
  const zeros = Buffer.alloc(65 * 1024 * 1024);
  const good = gzipSync(goodBody('traces', 'http/protobuf'));
  const bad = Buffer.from(good);
  bad.writeUInt32LE(1, bad.length - 8);
  const rows: [string, Buffer, string, number, number][] = [
    ['a gzip bomb', gzipSync(zeros), 'gzip', 8, 413],
    ['a zstd bomb', zstdCompressSync(zeros), 'zstd', 8, 413],
    [
      'a bomb of many members',
      Buffer.concat(Array(66).fill(gzipSync(Buffer.alloc(1024 * 1024)))),
      'gzip',
      8,
      413,
    ],
    ['a bomb within a bomb', gzipSync(gzipSync(zeros)), 'gzip', 3, 400],
    ['gzip that is cut off', good.subarray(0, -9), 'gzip', 3, 400],
    ['a wrong checksum', bad, 'gzip', 3, 400],
    ['no gzip at all', goodBody('traces', 'http/protobuf'), 'gzip', 3, 400],
    ['zstd that says gzip', zstdCompressSync(good), 'gzip', 3, 400],
  ];
  test.each(rows)('%s', async (_, bytes, encoding, grpcCode, httpCode) => {
    expect(await subject().send({ signal: 'traces', way: 'grpc', bytes, encoding })).toBe(grpcCode);
    expect(await subject().send({ signal: 'traces', way: 'http/protobuf', bytes, encoding })).toBe(httpCode);
    expect(subject().arrived()).toEqual([]);
  });
});

describe('nesting', () => {
  /** A resource attribute whose value is an array in an array and so on; lengths grow with the depth. */
  const nested = (depth: number): Buffer => {
    const wrap = (tag: number, inner: Buffer): Buffer => {
      const length: number[] = [];
      for (let left = inner.length; ; left >>>= 7) {
        length.push(left > 127 ? (left & 127) | 128 : left);
        if (left <= 127) break;
      }
      return Buffer.concat([Buffer.from([tag, ...length]), inner]);
    };
    let value = Buffer.from([0x18, 1]);
    for (let i = 0; i < depth; i++) value = Buffer.from(wrap(0x2a, wrap(0x0a, value)));
    const attribute = wrap(0x0a, Buffer.concat([Buffer.from([0x0a, 1, 0x61]), wrap(0x12, value)]));
    return wrap(0x0a, wrap(0x0a, attribute));
  };
  test.each([90, 5000])('attributes %i deep in protobuf are answered', async (depth) => {
    for (const way of ['grpc', 'http/protobuf'] as const) {
      expect(answers[way]).toContain(await subject().send({ signal: 'traces', way, bytes: nested(depth) }));
    }
    expect(subject().arrived()).toEqual([]);
  });

  const deep = (open: string, close: string) =>
    `{"resourceSpans":${open.repeat(200_000)}0${close.repeat(200_000)}}`;
  test.each([
    ['arrays', deep('[', ']')],
    ['objects', deep('{"resource":', '}')],
    [
      'a key of every object',
      '{"resourceSpans":[{"__proto__":{"scopeSpans":[]},"constructor":{"prototype":1}}]}',
    ],
    ['numbers where lists are', '{"resourceSpans":7}'],
    [
      'lists where numbers are',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":[],"spanId":{}}]}]}]}',
    ],
    ['a number without end', `{"resourceSpans":[{"a":${'9'.repeat(100_000)}}]}`],
    ['null', 'null'],
    ['half a character', '{"resourceSpans":[{"schemaUrl":"\\ud800"}]}'],
    ['a byte order mark', '\ufeff{}'],
  ])('JSON: %s', async (_, text) => {
    const code = await subject().send({ signal: 'traces', way: 'http/json', bytes: Buffer.from(text) });
    expect([200, 400]).toContain(code);
    for (const [stream] of subject().arrived()) expect(stream).toBe(0);
  });
});
